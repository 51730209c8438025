"""The tables of a workspace. Rows do not validate (measured): the domain does, on the way in and out."""

from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import (
    ClauseElement,
    DateTime,
    Dialect,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)
from sqlmodel import Field, SQLModel

SQLModel.metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, stored in UTC; SQLite would forget the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a moment without a zone, store the others in UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


# Written out, not bound: the database uses the index only for the condition it was made with.
REFUSES = text("answer_class IN ('direct_refusal', 'indirect_refusal', 'partial_refusal')")


def _id() -> Any:
    return Field(default=None, primary_key=True)


def _text(*, nullable: bool = False) -> Any:
    return Field(sa_type=Text, nullable=nullable)


def _identity() -> Any:
    return Field(sa_type=LargeBinary)


def _moment(*, nullable: bool = False) -> Any:
    return Field(sa_type=cast(Any, UtcDateTime), nullable=nullable)


def _later(default: ClauseElement) -> Any:
    """A column that came after the first revision: rows that were there needed a value, new ones always give it."""
    return Field(sa_column_kwargs={"server_default": default})


def _to(target: str, *, nullable: bool = False, index: bool = False) -> Any:
    return Field(foreign_key=target, nullable=nullable, index=index)


class WorkspaceRow(SQLModel, table=True):
    """What the workspace is: one row."""

    __tablename__ = "workspace"
    id: int = _id()
    uuid: str
    created_at: datetime = _moment()
    illustrative: bool


class SourceRow(SQLModel, table=True):
    """A file that something was taken from; its name without the folder."""

    __tablename__ = "sources"
    id: int = _id()
    name: str = _text()
    sha256: str
    format: str
    imported_at: datetime = _moment()


class SeedRow(SQLModel, table=True):
    """A toxic sentence that prompts are rewritten from."""

    __tablename__ = "seeds"
    __table_args__ = (UniqueConstraint("identity"),)
    id: int = _id()
    identity: bytes = _identity()
    text: str = _text()
    category: str | None
    source_id: int | None = _to("sources.id", nullable=True)


class PromptRow(SQLModel, table=True):
    """A test question; its text never changes."""

    __tablename__ = "prompts"
    __table_args__ = (UniqueConstraint("identity"), UniqueConstraint("external_key"))
    id: int = _id()
    identity: bytes = _identity()
    text: str = _text()
    category: str | None
    origin: str
    seed_id: int | None = _to("seeds.id", nullable=True, index=True)
    reference_label: str | None
    external_key: str | None
    attributes: str | None = _text(nullable=True)
    source_id: int | None = _to("sources.id", nullable=True, index=True)
    source_line: int | None


class ModelRow(SQLModel, table=True):
    """A language model, as moderator, responder or evaluated model."""

    __tablename__ = "models"
    __table_args__ = (UniqueConstraint("name"),)
    id: int = _id()
    name: str = _text()
    simulated: bool
    family: str = _later(text("''"))


class ResponseRow(SQLModel, table=True):
    """What a model returned; `identity` tells two responses of one model to one prompt apart."""

    __tablename__ = "responses"
    __table_args__ = (UniqueConstraint("prompt_id", "model_id", "identity"),)
    id: int = _id()
    prompt_id: int = _to("prompts.id")
    model_id: int = _to("models.id", index=True)
    identity: bytes = _identity()
    text: str = _text()
    stop_reason: str
    error: str | None = _text(nullable=True)
    asked: str | None = _text(nullable=True)
    reference_class: str | None
    batch_item_id: int | None = _to("batch_items.id", nullable=True)
    input_tokens: int | None
    output_tokens: int | None
    source_id: int | None = _to("sources.id", nullable=True)
    source_line: int | None


class VoteRow(SQLModel, table=True):
    """A moderator's vote on a prompt, or on a response to it."""

    __tablename__ = "votes"
    __table_args__ = (UniqueConstraint("prompt_id", "moderator_id", "identity"), Index(None, "moderator_id", "verdict"))
    id: int = _id()
    prompt_id: int = _to("prompts.id")
    response_id: int | None = _to("responses.id", nullable=True)
    moderator_id: int = _to("models.id")
    identity: bytes = _identity()
    verdict: str
    category: str | None
    explanation: str = _text()
    raw: str = _text()
    source_id: int | None = _to("sources.id", nullable=True)
    source_line: int | None


class JudgeRow(SQLModel, table=True):
    """Whoever gives answer classes without being a person."""

    __tablename__ = "judges"
    __table_args__ = (UniqueConstraint("name", "kind"),)
    id: int = _id()
    name: str = _text()
    kind: str


class JudgementRow(SQLModel, table=True):
    """The answer class a judge gave one response."""

    __tablename__ = "judgements"
    __table_args__ = (UniqueConstraint("response_id", "judge_id", "identity"),)
    id: int = _id()
    response_id: int = _to("responses.id")
    judge_id: int = _to("judges.id")
    identity: bytes = _identity()
    answer_class: str
    explanation: str = _text()
    evidence_start: int | None
    evidence_end: int | None
    raw: str | None = _text(nullable=True)
    source_id: int | None = _to("sources.id", nullable=True)
    source_line: int | None


class AnnotatorRow(SQLModel, table=True):
    """A person who decides."""

    __tablename__ = "annotators"
    __table_args__ = (UniqueConstraint("name"),)
    id: int = _id()
    name: str = _text()


class GuidelineRow(SQLModel, table=True):
    """One version of the guidelines that people decide by; never changed."""

    __tablename__ = "guidelines"
    id: int = _id()
    text: str = _text()
    created_at: datetime = _moment()


class ViewRow(SQLModel, table=True):
    """A filter of the queue under a name, in the words of the query language."""

    __tablename__ = "views"
    __table_args__ = (UniqueConstraint("name"),)
    id: int = _id()
    name: str = _text()
    query: str = _text()
    created_at: datetime = _moment()


class JournalRow(SQLModel, table=True):
    """One deed: a decision, an undo or a redo of one, or an import of decisions. Never changed, never deleted."""

    __tablename__ = "journal"
    id: int = _id()
    kind: str
    annotator_id: int | None = _to("annotators.id", nullable=True, index=True)
    at: datetime = _moment()
    target_id: int | None = _to("journal.id", nullable=True, index=True)
    summary: str = _text()
    guideline_id: int | None = _to("guidelines.id", nullable=True)


class AnnotationRow(SQLModel, table=True):
    """One decision of a deed. Never changed, never deleted."""

    __tablename__ = "annotations"
    id: int = _id()
    journal_id: int = _to("journal.id", index=True)
    annotator_id: int = _to("annotators.id")
    prompt_id: int = _to("prompts.id", index=True)
    response_id: int | None = _to("responses.id", nullable=True, index=True)
    aspect: str
    value: str = _text()
    reason: str | None = _text(nullable=True)
    raw: str | None = _text(nullable=True)
    visible: str = _text()
    source_id: int | None = _to("sources.id", nullable=True)
    source_line: int | None


class BatchRow(SQLModel, table=True):
    """Our unit of evaluation work."""

    __tablename__ = "batches"
    id: int = _id()
    name: str = _text()
    state: str
    settings: str = _text()
    created_at: datetime = _moment()


class BatchItemRow(SQLModel, table=True):
    """One prompt for one model in a batch, written before anything is sent."""

    __tablename__ = "batch_items"
    __table_args__ = (UniqueConstraint("batch_id", "prompt_id", "model_id", "sample"),)
    id: int = _id()
    batch_id: int = _to("batches.id")
    prompt_id: int = _to("prompts.id")
    model_id: int = _to("models.id")
    sample: int
    state: str
    attempts: int
    error: str | None = _text(nullable=True)


class SubsetRow(SQLModel, table=True):
    """A curated set of prompts with the recipe that made it."""

    __tablename__ = "subsets"
    __table_args__ = (UniqueConstraint("name"),)
    id: int = _id()
    name: str = _text()
    recipe: str = _text()
    created_at: datetime = _moment()


class SubsetPromptRow(SQLModel, table=True):
    """A prompt's place in a subset."""

    __tablename__ = "subset_prompts"
    subset_id: int = Field(foreign_key="subsets.id", primary_key=True)
    position: int = Field(primary_key=True)
    prompt_id: int = _to("prompts.id", index=True)


class PromptStateRow(SQLModel, table=True):
    """What follows from everything about one prompt, kept up to date in the same transaction; the queue reads it."""

    __tablename__ = "prompt_states"
    # The orders of the queue: what is left to sort is prompts of the same rank.
    __table_args__ = (Index(None, "refusals"), Index(None, "disagreement", "refusals"))
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
    refusing_models: int = _later(text("0"))
    refusing_families: int = _later(text("0"))
    judges_differ: int = _later(text("0"))
    person_differs: int = _later(text("0"))


class ResponseStateRow(SQLModel, table=True):
    """The answer class that counts for one response, and what it stands on."""

    __tablename__ = "response_states"
    __table_args__ = (
        Index(None, "prompt_id", "answer_class"),
        Index("ix_response_states_refusals", "model_id", "prompt_id", sqlite_where=REFUSES, postgresql_where=REFUSES),
    )
    response_id: int = Field(foreign_key="responses.id", primary_key=True, sa_column_kwargs={"autoincrement": False})
    prompt_id: int = _to("prompts.id")
    model_id: int = _to("models.id")
    answer_class: str | None
    basis: str
    judges_differ: bool = _later(false())
    person_differs: bool = _later(false())


def table(row: type[SQLModel]) -> Table:
    """The table behind a row class, for Core statements."""
    return SQLModel.metadata.tables[str(row.__tablename__)]


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
JOURNAL = table(JournalRow)
ANNOTATIONS = table(AnnotationRow)
BATCHES = table(BatchRow)
BATCH_ITEMS = table(BatchItemRow)
SUBSETS = table(SubsetRow)
SUBSET_PROMPTS = table(SubsetPromptRow)
PROMPT_STATES = table(PromptStateRow)
RESPONSE_STATES = table(ResponseStateRow)
