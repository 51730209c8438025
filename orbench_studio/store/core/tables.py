"""The tables of a workspace, except those of batches. Rows do not validate (measured): the domain does, in and out."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, false, text
from sqlmodel import Field, SQLModel

from orbench_studio.store.core.columns import identity_bytes, key, later, long_text, moment, refers_to, table

# Written out, not bound: the database uses the index only for the condition it was made with.
REFUSES = text(
    "answer_class IN ('blocked_by_filter', 'direct_refusal', 'indirect_refusal', 'non_responsive', "
    "'partial_refusal', 'refused_by_stop_reason')"
)
LABELLED = text("status IN ('decided', 'disputed')")
_IN_BATCH = text("batch_item_id IS NOT NULL")


class WorkspaceRow(SQLModel, table=True):
    """What the workspace is: one row."""

    __tablename__ = "workspace"
    id: int = key()
    uuid: str
    created_at: datetime = moment()
    illustrative: bool
    consensus_rule: str = later(text("'majority'"))


class SourceRow(SQLModel, table=True):
    """An imported file; its name without the folder."""

    __tablename__ = "sources"
    id: int = key()
    name: str = long_text()
    sha256: str
    format: str
    imported_at: datetime = moment()


class SeedRow(SQLModel, table=True):
    """A toxic sentence that prompts are rewritten from."""

    __tablename__ = "seeds"
    __table_args__ = (UniqueConstraint("identity"),)
    id: int = key()
    identity: bytes = identity_bytes()
    text: str = long_text()
    category: str | None
    source_id: int | None = refers_to("sources.id", nullable=True)


class PromptRow(SQLModel, table=True):
    """A test question; its text never changes."""

    __tablename__ = "prompts"
    __table_args__ = (UniqueConstraint("identity"), UniqueConstraint("external_key"))
    id: int = key()
    identity: bytes = identity_bytes()
    text: str = long_text()
    category: str | None
    origin: str
    seed_id: int | None = refers_to("seeds.id", nullable=True, index=True)
    reference_label: str | None
    external_key: str | None
    attributes: str | None = long_text(nullable=True)
    source_id: int | None = refers_to("sources.id", nullable=True, index=True)
    source_line: int | None


class ModelRow(SQLModel, table=True):
    """A language model, as moderator, responder or evaluated model."""

    __tablename__ = "models"
    __table_args__ = (UniqueConstraint("name"),)
    id: int = key()
    name: str = long_text()
    simulated: bool
    family: str = later(text("''"))


class ResponseRow(SQLModel, table=True):
    """What a model returned; `identity` tells two responses of one model to one prompt apart."""

    __tablename__ = "responses"
    __table_args__ = (
        UniqueConstraint("prompt_id", "model_id", "identity"),
        Index(None, "batch_item_id", unique=True, sqlite_where=_IN_BATCH, postgresql_where=_IN_BATCH),
    )
    id: int = key()
    prompt_id: int = refers_to("prompts.id")
    model_id: int = refers_to("models.id", index=True)
    identity: bytes = identity_bytes()
    text: str = long_text()
    stop_reason: str
    error: str | None = long_text(nullable=True)
    asked: str | None = long_text(nullable=True)
    reference_class: str | None
    batch_item_id: int | None = refers_to("batch_items.id", nullable=True)
    input_tokens: int | None
    output_tokens: int | None
    reasoning: str | None = long_text(nullable=True)
    reasoning_tokens: int | None
    stop_details: str | None = long_text(nullable=True)
    source_id: int | None = refers_to("sources.id", nullable=True)
    source_line: int | None


class VoteRow(SQLModel, table=True):
    """A moderator's vote on a prompt, or on a response to it."""

    __tablename__ = "votes"
    __table_args__ = (
        UniqueConstraint("prompt_id", "moderator_id", "identity"),
        Index(None, "moderator_id", "verdict"),
        Index(None, "batch_item_id", unique=True, sqlite_where=_IN_BATCH, postgresql_where=_IN_BATCH),
    )
    id: int = key()
    prompt_id: int = refers_to("prompts.id")
    response_id: int | None = refers_to("responses.id", nullable=True)
    moderator_id: int = refers_to("models.id")
    identity: bytes = identity_bytes()
    verdict: str
    category: str | None
    explanation: str = long_text()
    raw: str = long_text()
    source_id: int | None = refers_to("sources.id", nullable=True)
    source_line: int | None
    template_hash: str | None
    batch_item_id: int | None = refers_to("batch_items.id", nullable=True)


class JudgeRow(SQLModel, table=True):
    """A rule set, classifier or model that assigns answer classes."""

    __tablename__ = "judges"
    __table_args__ = (UniqueConstraint("name", "kind"),)
    id: int = key()
    name: str = long_text()
    kind: str


class JudgementRow(SQLModel, table=True):
    """The answer class that a judge gave one response; `template_hash` is the hash of the judge's instructions.

    `refusal` is the judge's probability of any refusal, if it has one.
    """

    __tablename__ = "judgements"
    __table_args__ = (
        UniqueConstraint("response_id", "judge_id", "identity"),
        Index(None, "batch_item_id", unique=True, sqlite_where=_IN_BATCH, postgresql_where=_IN_BATCH),
    )
    id: int = key()
    response_id: int = refers_to("responses.id")
    judge_id: int = refers_to("judges.id", index=True)
    identity: bytes = identity_bytes()
    answer_class: str
    explanation: str = long_text()
    evidence_start: int | None
    evidence_end: int | None
    raw: str | None = long_text(nullable=True)
    source_id: int | None = refers_to("sources.id", nullable=True)
    source_line: int | None
    template_hash: str | None
    batch_item_id: int | None = refers_to("batch_items.id", nullable=True)
    refusal: float | None


class AnnotatorRow(SQLModel, table=True):
    __tablename__ = "annotators"
    __table_args__ = (UniqueConstraint("name"),)
    id: int = key()
    name: str = long_text()


class GuidelineRow(SQLModel, table=True):
    """One version of the guidelines for annotators; never changed."""

    __tablename__ = "guidelines"
    id: int = key()
    text: str = long_text()
    created_at: datetime = moment()


class ViewRow(SQLModel, table=True):
    """A saved view: a named query."""

    __tablename__ = "views"
    __table_args__ = (UniqueConstraint("name"),)
    id: int = key()
    name: str = long_text()
    query: str = long_text()
    created_at: datetime = moment()


class OwnRuleRow(SQLModel, table=True):
    """A custom rule of this workspace; a removed one stays, with who removed it and when."""

    __tablename__ = "own_rules"
    id: int = key()
    phrase: str = long_text()
    refuses: bool
    model_id: int | None = refers_to("models.id", nullable=True)
    saved_by: int = refers_to("annotators.id")
    saved_at: datetime = moment()
    removed_by: int | None = refers_to("annotators.id", nullable=True)
    removed_at: datetime | None = moment(nullable=True)


class LicenceRow(SQLModel, table=True):
    """The licence of a judge as JSON; never changed. Its journal entry has who opened the sealed split, and when."""

    __tablename__ = "licences"
    id: int = key()
    journal_id: int = refers_to("journal.id")
    judge_id: int = refers_to("judges.id", index=True)
    result: str = long_text()


class TrainingRow(SQLModel, table=True):
    """A training of the local judge, which then judged; only what it judged changes the row later.

    `decisions` has the ids of the annotations it learned from, without imported ones, as JSON. `changed` counts the
    responses whose final answer class changed. A run that was closed or cancelled never becomes `finished`.
    """

    __tablename__ = "trainings"
    id: int = key()
    started_at: datetime = moment()
    automatic: bool
    labels: int
    decisions: str = long_text()
    changed: int
    finished: bool


class JournalRow(SQLModel, table=True):
    """A journal entry: a decision, its undo or redo, or an import of decisions. Never changed, never deleted.

    `id` is the order in which entries were added to this workspace. The order of an annotator's entries follows from
    `counter`, then `at` and `uuid`, which are the same in every workspace. `counter` is a Lamport clock: one more than
    the annotator's highest in the journal at that time; 0 in entries of versions without it.
    """

    __tablename__ = "journal"
    __table_args__ = (Index(None, "uuid", unique=True), Index(None, "annotator_id", "counter", "at"))
    id: int = key()
    kind: str
    annotator_id: int | None = refers_to("annotators.id", nullable=True)
    at: datetime = moment()
    target_id: int | None = refers_to("journal.id", nullable=True, index=True)
    summary: str = long_text()
    guideline_id: int | None = refers_to("guidelines.id", nullable=True)
    uuid: str = later(text("''"))
    counter: int = later(text("0"))


class AnnotationRow(SQLModel, table=True):
    """One decision of a journal entry. Never changed, never deleted."""

    __tablename__ = "annotations"
    id: int = key()
    journal_id: int = refers_to("journal.id", index=True)
    annotator_id: int = refers_to("annotators.id")
    prompt_id: int = refers_to("prompts.id", index=True)
    response_id: int | None = refers_to("responses.id", nullable=True, index=True)
    aspect: str
    value: str = long_text()
    reason: str | None = long_text(nullable=True)
    raw: str | None = long_text(nullable=True)
    visible: str = long_text()
    source_id: int | None = refers_to("sources.id", nullable=True)
    source_line: int | None


class QuarantineRow(SQLModel, table=True):
    """A row that a repair set aside: the table it was in, and its columns as JSON; only the owner can read it."""

    __tablename__ = "quarantine"
    id: int = key()
    journal_id: int = refers_to("journal.id")
    origin: str
    reason: str = long_text()
    content: str = long_text()


class SubsetRow(SQLModel, table=True):
    """A curated set of prompts with the recipe that made it."""

    __tablename__ = "subsets"
    __table_args__ = (UniqueConstraint("name"),)
    id: int = key()
    name: str = long_text()
    recipe: str = long_text()
    created_at: datetime = moment()
    state: str = later(text("'{}'"))


class SubsetPromptRow(SQLModel, table=True):
    __tablename__ = "subset_prompts"
    subset_id: int = Field(foreign_key="subsets.id", primary_key=True)
    position: int = Field(primary_key=True)
    prompt_id: int = refers_to("prompts.id", index=True)


class PromptStateRow(SQLModel, table=True):
    """Derived values of one prompt, updated in the same transaction; the queue reads them."""

    __tablename__ = "prompt_states"
    # The orders of the queue: what is left to sort is prompts of the same rank. And what every filter shows.
    __table_args__ = (
        *(Index(None, "refusals"), Index(None, "disagreement", "refusals"), Index(None, "category")),
        Index("ix_prompt_states_labelled", "status", sqlite_where=LABELLED, postgresql_where=LABELLED),
    )
    prompt_id: int = Field(foreign_key="prompts.id", primary_key=True, sa_column_kwargs={"autoincrement": False})
    status: str
    category: str | None
    final_label: str | None
    basis: str
    consensus: str | None
    veto: str
    votes: str
    disagreement: bool
    responses: int
    judged: int
    refusals: int
    flagged: bool
    noted: bool
    refusing_models: int = later(text("0"))
    refusing_families: int = later(text("0"))
    judges_differ: int = later(text("0"))
    person_differs: int = later(text("0"))


class ResponseStateRow(SQLModel, table=True):
    """The final answer class of one response, and its source."""

    __tablename__ = "response_states"
    __table_args__ = (
        Index(None, "prompt_id", "answer_class"),
        Index("ix_response_states_refusals", "model_id", "prompt_id", sqlite_where=REFUSES, postgresql_where=REFUSES),
    )
    response_id: int = Field(foreign_key="responses.id", primary_key=True, sa_column_kwargs={"autoincrement": False})
    prompt_id: int = refers_to("prompts.id")
    model_id: int = refers_to("models.id")
    answer_class: str | None
    basis: str
    judges_differ: bool = later(false())
    person_differs: bool = later(false())


WORKSPACE = table(WorkspaceRow)
SOURCES = table(SourceRow)
SEEDS = table(SeedRow)
PROMPTS = table(PromptRow)
MODELS = table(ModelRow)
RESPONSES = table(ResponseRow)
VOTES = table(VoteRow)
JUDGES = table(JudgeRow)
JUDGEMENTS = table(JudgementRow)
ANNOTATORS = table(AnnotatorRow)
GUIDELINES = table(GuidelineRow)
VIEWS = table(ViewRow)
OWN_RULES = table(OwnRuleRow)
LICENCES = table(LicenceRow)
TRAININGS = table(TrainingRow)
JOURNAL = table(JournalRow)
ANNOTATIONS = table(AnnotationRow)
QUARANTINE = table(QuarantineRow)
SUBSETS = table(SubsetRow)
SUBSET_PROMPTS = table(SubsetPromptRow)
PROMPT_STATES = table(PromptStateRow)
RESPONSE_STATES = table(ResponseStateRow)
