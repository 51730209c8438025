"""Prompts with everything known of them, many at a time, as plain rows to be written to files."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, select

from orbench_studio.store.core.bulk_sql import chunks, in_list
from orbench_studio.store.core.tables import (
    ANNOTATIONS,
    ANNOTATORS,
    JOURNAL,
    JUDGEMENTS,
    JUDGES,
    MODELS,
    PROMPT_STATES,
    PROMPTS,
    RESPONSE_STATES,
    RESPONSES,
    SEEDS,
    VOTES,
)
from orbench_studio.store.review import guidelines
from orbench_studio.store.review.journal import DECIDING, IN_TIME

Row = dict[str, Any]
Named = Callable[[str], str]  # what an annotator is called in the file
P, R, V, J, A, D = PROMPTS.c, RESPONSES.c, VOTES.c, JUDGEMENTS.c, ANNOTATIONS.c, JOURNAL.c

_NOTHING = (None, "")
_PROMPT = (
    "key",
    "prompt",
    "category",
    "label",
    "label_basis",
    "status",
    "consensus",
    "stated_category",
    "origin",
    "seed",
    "seed_category",
    "reference_label",
    "external_key",
    "attributes",
    "source",
    "line",
)
_RESPONSE = (
    "text",
    "stop_reason",
    "answer_class",
    "basis",
    "error",
    "asked",
    "reference_class",
    "input_tokens",
    "output_tokens",
    "source",
    "line",
)
_JUDGEMENT = ("answer_class", "explanation", "evidence_start", "evidence_end", "raw", "template_hash", "source", "line")
_VOTE = ("moderator", "verdict", "category", "explanation", "raw", "source", "line")


def rows(db: Connection, prompt_ids: Sequence[int], named: Named) -> list[Row]:
    """A row a prompt, in the order of the ids; `key` is the prompt's id here, sources are numbered as they are here."""
    ids = sorted(prompt_ids)
    found = {row["key"]: row for row in _prompts(db, ids)}
    decided = _annotations(db, ids, named)
    votes = _votes(db, ids)
    answers = _responses(db, ids)
    for (prompt_id, response_id), of in (*decided.items(), *votes.items()):
        kind = "votes" if "verdict" in of[0] else "annotations"
        (found[prompt_id] if response_id is None else answers[prompt_id][response_id])[kind] = of
    for prompt_id, responses in answers.items():
        found[prompt_id]["responses"] = list(responses.values())
    return [found[prompt_id] for prompt_id in prompt_ids]


def _prompts(db: Connection, ids: Sequence[int]) -> Iterable[Row]:
    s = PROMPT_STATES.c
    stated = (P.category, P.origin, SEEDS.c.text, SEEDS.c.category, P.reference_label, P.external_key, P.attributes)
    statement = (
        select(
            P.id, P.text, s.category, s.final_label, s.basis, s.status, s.consensus, *stated, P.source_id, P.source_line
        )
        .join(PROMPT_STATES, s.prompt_id == P.id)
        .outerjoin(SEEDS, SEEDS.c.id == P.seed_id)
        .where(in_list(P.id, ids))
    )
    for row in db.execute(statement).all():
        yield dict(zip(_PROMPT, row, strict=True)) | {"votes": [], "responses": [], "annotations": []}


def _responses(db: Connection, ids: Sequence[int]) -> Mapping[int, dict[int, Row]]:
    names = {row.id: row.name for row in db.execute(select(MODELS.c.id, MODELS.c.name))}
    simulated = set(db.execute(select(MODELS.c.id).where(MODELS.c.simulated)).scalars())
    s = RESPONSE_STATES.c
    more = (R.error, R.asked, R.reference_class, R.input_tokens, R.output_tokens, R.source_id, R.source_line)
    statement = (
        select(R.prompt_id, R.id, R.model_id, R.identity, R.text, R.stop_reason, s.answer_class, s.basis, *more)
        .join(RESPONSE_STATES, s.response_id == R.id)
        .where(in_list(R.prompt_id, ids))
        .order_by(R.prompt_id, R.id)
    )
    judged = _judgements(db, ids)
    found: dict[int, dict[int, Row]] = defaultdict(dict)
    for prompt_id, key, model, identity, *rest in db.execute(statement).all():
        row = _there(_RESPONSE, rest)
        row["model"], row["id"] = names[model], identity.hex()
        if model in simulated:
            row["simulated"] = True
        if key in judged:
            row["judgements"] = judged[key]
        found[prompt_id][key] = row
    return found


def _judgements(db: Connection, ids: Sequence[int]) -> Mapping[int, list[Row]]:
    judges = {row.id: (row.name, row.kind) for row in db.execute(select(JUDGES))}
    more = (J.explanation, J.evidence_start, J.evidence_end, J.raw, J.template_hash, J.source_id, J.source_line)
    statement = (
        select(J.response_id, J.judge_id, J.identity, J.answer_class, *more)
        .join(RESPONSES, R.id == J.response_id)
        .where(in_list(R.prompt_id, ids))
        .order_by(J.response_id, J.id)
    )
    found: dict[int, list[Row]] = defaultdict(list)
    for response_id, judge, identity, *rest in db.execute(statement).all():
        row = _there(_JUDGEMENT, rest)
        row["id"] = identity.hex()
        row["judge"], row["kind"] = judges[judge]
        found[response_id].append(row)
    return found


def _there(names: Sequence[str], values: Sequence[Any]) -> Row:
    """The values that are there, by name: what is missing or empty is left out of what is nested."""
    return {name: value for name, value in zip(names, values) if value not in _NOTHING}  # noqa: B905 - millions


def _votes(db: Connection, ids: Sequence[int]) -> Mapping[tuple[int, int | None], list[Row]]:
    names = {row.id: row.name for row in db.execute(select(MODELS.c.id, MODELS.c.name))}
    columns = (V.moderator_id, V.verdict, V.category, V.explanation, V.raw, V.source_id, V.source_line)
    statement = select(V.prompt_id, V.response_id, *columns).where(in_list(V.prompt_id, ids)).order_by(V.id)
    found: dict[tuple[int, int | None], list[Row]] = defaultdict(list)
    for prompt_id, response_id, moderator, *rest in db.execute(statement).all():
        row = dict(zip(_VOTE, (names[moderator], *rest), strict=True))
        found[prompt_id, response_id].append(row)
    return found


def _annotations(db: Connection, ids: Sequence[int], named: Named) -> Mapping[tuple[int, int | None], list[Row]]:
    statement = _decisions().where(in_list(A.prompt_id, ids))
    found: dict[tuple[int, int | None], list[Row]] = defaultdict(list)
    made = db.execute(statement).all()
    undone = reversals(db, {row.journal_id for row in made}, named)
    for row in made:
        deed = entry_of(row, named)
        said = {name: getattr(row, name) for name in ("aspect", "value", "reason", "raw")}
        said |= {"visible": row.visible.split(), "source": row.source_id, "line": row.source_line}
        back = undone.get(row.journal_id, [])
        said |= {"undone": back, "in_force": not back or back[-1]["kind"] != "undo"}
        found[row.prompt_id, row.response_id].append(deed | {"annotator": named(row.name)} | said)
    return found


def _decisions() -> Select[Any]:
    version = guidelines.version_of(D.guideline_id).label("guideline")
    return (
        select(ANNOTATIONS, D.uuid, D.kind, D.at, D.summary, ANNOTATORS.c.name, version)
        .join(JOURNAL, D.id == A.journal_id)
        .join(ANNOTATORS, ANNOTATORS.c.id == A.annotator_id)
        .order_by(*IN_TIME)
    )


def entry_of(row: Any, named: Named) -> Row:
    """What a file says of a deed; `guideline` is the version decided by, None where there was none."""
    deed = {"deed": row.uuid, "kind": row.kind, "at": written(row.at), "told": row.summary}
    return deed | {"annotator": named(row.name) if row.name is not None else None, "guideline": row.guideline or None}


def reversals(db: Connection, entry_ids: Iterable[int], named: Named) -> Mapping[int, list[Row]]:
    """The undos and redos of the entries, oldest first, by entry."""
    statement = (
        select(D.target_id, D.uuid, D.kind, D.at, D.summary, ANNOTATORS.c.name)
        .outerjoin(ANNOTATORS, ANNOTATORS.c.id == D.annotator_id)
        .order_by(D.at, D.uuid)
    )
    found: dict[int, list[Row]] = defaultdict(list)
    for some in chunks(sorted(entry_ids)):
        for target_id, uuid, kind, at, summary, name in db.execute(statement.where(D.target_id.in_(some))):
            deed = {"deed": uuid, "kind": kind, "at": written(at), "told": summary, "annotator": named(name)}
            found[target_id].append(deed)
    return found


def written(at: datetime) -> str:
    """A moment as files have it: UTC, to the microsecond."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def entries(db: Connection, annotator: str | None) -> Iterator[Row]:
    """What people decided in the studio, one of them or all, deed by deed in order of time."""
    statement = (
        select(
            ANNOTATIONS, D.uuid, D.kind, D.at, D.summary, ANNOTATORS.c.name,
            guidelines.version_of(D.guideline_id).label("guideline"),
            P.identity.label("prompt"), R.identity.label("response"), MODELS.c.name.label("model"),
        )
        .join(JOURNAL, D.id == A.journal_id)
        .join(ANNOTATORS, ANNOTATORS.c.id == A.annotator_id)
        .join(PROMPTS, P.id == A.prompt_id)
        .outerjoin(RESPONSES, R.id == A.response_id)
        .outerjoin(MODELS, MODELS.c.id == R.model_id)
        .where(D.kind.in_(DECIDING), *([ANNOTATORS.c.name == annotator] if annotator is not None else []))
        .order_by(D.at, D.uuid, P.identity, MODELS.c.name, R.identity, A.aspect, A.value)
    )  # fmt: skip
    rows = db.execute(statement).all()
    undone = reversals(db, {row.journal_id for row in rows}, str)
    for entry, some in groupby(rows, key=lambda row: row.journal_id):
        said = list(some)
        yield entry_of(said[0], str) | {"decisions": list(map(_said, said)), "undone": undone.get(entry, [])}


def has_imported(db: Connection, annotator: str | None) -> bool:
    """Whether any decisions, or those of an annotator, came from imported files."""
    statement = select(A.id).join(JOURNAL, D.id == A.journal_id).join(ANNOTATORS, ANNOTATORS.c.id == A.annotator_id)
    whose = [ANNOTATORS.c.name == annotator] if annotator is not None else []
    return db.execute(statement.where(D.kind.not_in(DECIDING), *whose).limit(1)).first() is not None


def _said(row: Any) -> Row:
    said = {name: getattr(row, name) for name in ("aspect", "value", "reason", "raw")}
    response = {"model": row.model, "id": row.response.hex()} if row.response is not None else None
    return {"prompt": row.prompt.hex(), "response": response, **said, "visible": row.visible.split()}
