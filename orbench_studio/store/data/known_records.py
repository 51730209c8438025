"""What a workspace has already of what a file brings, so that importing twice adds nothing."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, case, func, select, update

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.store.core.bulk_insert import chunks, rows_of
from orbench_studio.store.core.tables import ANNOTATIONS, JOURNAL, JUDGEMENTS, PROMPTS, RESPONSES, VOTES

FILLABLE = ("category", "origin", "seed_id", "reference_label", "external_key", "attributes")
_SUBJECTS: Mapping[Table, tuple[str, tuple[str, ...]]] = {
    VOTES: ("verdict", ("prompt_id", "response_id", "moderator_id")),
    JUDGEMENTS: ("answer_class", ("response_id", "judge_id")),
    ANNOTATIONS: ("value", ("prompt_id", "response_id", "annotator_id", "aspect")),
}
"""What a person or a model says in the rows of a table, and about what."""
_DECIDED = (Aspect.LABEL, Aspect.ANSWER_CLASS, Aspect.CATEGORY)
Key = tuple[Any, ...]


class KnownPrompt(NamedTuple):
    """A prompt that is there, with what a later file may still fill in."""

    id: int
    text: str
    details: dict[str, Any]


def prompts(
    db: Connection, identities: Collection[bytes], external_keys: Collection[str]
) -> tuple[dict[bytes, KnownPrompt], dict[str, KnownPrompt]]:
    """The prompts with these texts, and those with these external keys."""
    columns = [PROMPTS.c[name] for name in ("id", "text", "identity", *FILLABLE)]
    by_identity: dict[bytes, KnownPrompt] = {}
    by_key: dict[str, KnownPrompt] = {}
    for column, values in ((PROMPTS.c.identity, identities), (PROMPTS.c.external_key, external_keys)):
        for some in chunks(list(values)):
            for prompt_id, text, identity, *details in db.execute(select(*columns).where(column.in_(some))).all():
                known = KnownPrompt(prompt_id, text, dict(zip(FILLABLE, details, strict=True)))
                by_identity[identity] = known
                if known.details["external_key"] is not None:
                    by_key[known.details["external_key"]] = known
    return by_identity, by_key


def fill(db: Connection, prompt_id: int, details: dict[str, Any]) -> None:
    """Add details that the prompt lacked."""
    db.execute(update(PROMPTS).where(PROMPTS.c.id == prompt_id).values(details))


def fill_reference(db: Connection, response_id: int, answer_class: str) -> bool:
    """Add the source's final class to a response that lacks one; False where it has one."""
    r = RESPONSES.c
    lacking = update(RESPONSES).where(r.id == response_id, r.reference_class.is_(None))
    return db.execute(lacking.values(reference_class=answer_class)).rowcount == 1


def responses(db: Connection, prompt_ids: Sequence[int], model_ids: Collection[int]) -> dict[Key, int]:
    """Ids of the models' responses to the prompts, by (prompt, model, identity)."""
    r = RESPONSES.c
    statement = select(r.prompt_id, r.model_id, r.identity, r.id).where(r.model_id.in_(model_ids))
    return _by_key(db, statement, r.prompt_id, prompt_ids)


def responses_by_text(
    db: Connection, prompt_ids: Sequence[int], model_ids: Collection[int], *, before: int
) -> dict[Key, int]:
    """Ids, below a limit, of the models' responses to the prompts, the oldest by (prompt, model, text)."""
    r = RESPONSES.c
    statement = select(r.prompt_id, r.model_id, r.text, r.id).where(r.model_id.in_(model_ids), r.id < before)
    return _by_key(db, statement.where(r.error.is_(None)).order_by(r.id.desc()), r.prompt_id, prompt_ids)


def votes(db: Connection, prompt_ids: Sequence[int]) -> dict[Key, int]:
    """Ids of the votes on the prompts, by (prompt, moderator, identity)."""
    v = VOTES.c
    return _by_key(db, select(v.prompt_id, v.moderator_id, v.identity, v.id), v.prompt_id, prompt_ids)


def votes_by_content(db: Connection, prompt_ids: Sequence[int]) -> dict[Key, list[int]]:
    """Ids of the votes on the prompts, by (prompt, moderator, response, verdict, category, raw), oldest first."""
    v = VOTES.c
    statement = select(v.id, v.prompt_id, v.moderator_id, v.response_id, v.verdict, v.category, v.raw)
    found: dict[Key, list[int]] = {}
    for vote_id, *content in sorted(rows_of(db, statement, v.prompt_id, sorted(set(prompt_ids)))):
        found.setdefault(tuple(content), []).append(vote_id)
    return found


def judgements(db: Connection, response_ids: Sequence[int]) -> dict[Key, int]:
    """Ids of the judgements of the responses, by (response, judge, identity)."""
    j = JUDGEMENTS.c
    return _by_key(db, select(j.response_id, j.judge_id, j.identity, j.id), j.response_id, response_ids)


def imported_annotations(db: Connection, prompt_ids: Sequence[int]) -> dict[Key, int]:
    """Ids of the decisions that came with files, the latest of its like by (prompt, response, annotator, aspect, value,
    raw)."""
    a = ANNOTATIONS.c
    columns = (a.prompt_id, a.response_id, a.annotator_id, a.aspect, a.value, a.raw, a.id)
    statement = select(*columns).join(JOURNAL, JOURNAL.c.id == a.journal_id).order_by(a.id)
    return _by_key(db, statement.where(JOURNAL.c.kind == EntryKind.IMPORT), a.prompt_id, prompt_ids)


def details(db: Connection, table: Table, names: Sequence[str], ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Some columns of the rows with these ids."""
    statement = select(table.c.id, *(table.c[name] for name in names))
    found = rows_of(db, statement, table.c.id, sorted(set(ids)))
    return {row_id: dict(zip(names, values, strict=True)) for row_id, *values in found}


def _by_key(db: Connection, statement: Select[Any], column: ColumnElement[int], ids: Sequence[int]) -> dict[Key, int]:
    """The last column of each row, by the other ones."""
    return {tuple(key): row_id for *key, row_id in rows_of(db, statement, column, sorted(set(ids)))}


def contradicted(db: Connection, source_id: int, table: Table) -> int:
    """How many prompts and responses have several verdicts of a moderator, answer classes of a judge or decisions of an
    annotator in the rows of files, of which some are of this source."""
    name, subject = _SUBJECTS[table]
    by, value = [table.c[column] for column in subject], table.c[name]
    is_decided = table.c.aspect.in_(_DECIDED) if "aspect" in subject else value != Verdict.UNPARSED
    touched = select(by[0]).where(table.c.source_id == source_id)
    rows = select(*by).where(by[0].in_(touched), table.c.source_id.is_not(None), is_decided).group_by(*by)
    of_source = func.sum(case((table.c.source_id == source_id, 1), else_=0))
    rows = rows.having(func.count(value.distinct()) > 1, of_source > 0)
    return db.execute(select(func.count()).select_from(rows.subquery())).scalar_one()


def latest_annotations(db: Connection, prompt_ids: Sequence[int]) -> dict[Key, str]:
    """The value that files stated last, by (prompt, response, annotator, aspect)."""
    in_order = sorted((row_id, key) for key, row_id in imported_annotations(db, prompt_ids).items())
    return {key[:4]: key[4] for _, key in in_order}


def subject_columns(table: Table) -> tuple[str, ...]:
    """The columns that name the subject of a statement, and who made it."""
    return _SUBJECTS[table][1]


def stated(db: Connection, table: Table, subjects: Collection[Key]) -> dict[Key, list[Mapping[str, Any]]]:
    """The rows of files about these subjects, by subject, in the order in which they were added."""
    names = subject_columns(table)
    ids = sorted({subject[0] for subject in subjects})
    statement = select(table).where(table.c.source_id.is_not(None))
    found: dict[Key, list[Mapping[str, Any]]] = {subject: [] for subject in subjects}
    for row in sorted(rows_of(db, statement, table.c[names[0]], ids), key=lambda row: row.id):
        if (subject := tuple(row._mapping[name] for name in names)) in found:
            found[subject].append(row._mapping)
    return {subject: rows for subject, rows in found.items() if rows}
