"""Read prompts with their votes, responses, judgements and decisions as rows for export files."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, select

from orbench_studio.domain.core.annotation import CHECKS
from orbench_studio.store.core.bulk_insert import chunks, in_list
from orbench_studio.store.core.reviewer_views import HIDDEN, SUMMARY
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
from orbench_studio.store.review.journal import DECIDING, IN_ORDER
from orbench_studio.store.review.superseded import DECISION_IN_FORCE

Row = dict[str, Any]
Named = Callable[[str], str]  # the name of an annotator in the file
P, R, V, J, A, D = PROMPTS.c, RESPONSES.c, VOTES.c, JUDGEMENTS.c, ANNOTATIONS.c, JOURNAL.c

_NOTHING = (None, "")
_PS, _RS = PROMPT_STATES.c, RESPONSE_STATES.c
_SIMULATED: Mapping[bool, Row] = {False: {}, True: {"simulated": True}}
# Where the columns of `domain.data.export_columns` come from, by their names.
_PROMPT = {
    "key": P.id,
    "prompt": P.text,
    "category": _PS.category,
    "label": _PS.final_label,
    "label_basis": _PS.basis,
    "status": _PS.status,
    "consensus": _PS.consensus,
    "stated_category": P.category,
    "origin": P.origin,
    "seed": SEEDS.c.text,
    "seed_category": SEEDS.c.category,
    "reference_label": P.reference_label,
    "external_key": P.external_key,
    "attributes": P.attributes,
    "source": P.source_id,
    "line": P.source_line,
}
_RESPONSE = {
    "text": R.text,
    "stop_reason": R.stop_reason,
    "answer_class": _RS.answer_class,
    "basis": _RS.basis,
    "error": R.error,
    "asked": R.asked,
    "reference_class": R.reference_class,
    "input_tokens": R.input_tokens,
    "output_tokens": R.output_tokens,
    "reasoning": R.reasoning,
    "reasoning_tokens": R.reasoning_tokens,
    "stop_details": R.stop_details,
    "source": R.source_id,
    "line": R.source_line,
}
_JUDGEMENT = {
    "answer_class": J.answer_class,
    "refusal": J.refusal,
    "explanation": J.explanation,
    "evidence_start": J.evidence_start,
    "evidence_end": J.evidence_end,
    "raw": J.raw,
    "template_hash": J.template_hash,
    "source": J.source_id,
    "line": J.source_line,
}
_VOTE = {
    "verdict": V.verdict,
    "category": V.category,
    "explanation": V.explanation,
    "raw": V.raw,
    "template_hash": V.template_hash,
    "source": V.source_id,
    "line": V.source_line,
}


def rows(db: Connection, prompt_ids: Sequence[int], named: Named) -> list[Row]:
    """Read one row per prompt, in the order of the ids; `key` is the prompt's id and `source` a source's id."""
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
    statement = (
        select(*_PROMPT.values())
        .join(PROMPT_STATES, _PS.prompt_id == P.id)
        .outerjoin(SEEDS, SEEDS.c.id == P.seed_id)
        .where(in_list(P.id, ids))
    )
    for row in db.execute(statement).all():
        yield dict(zip(_PROMPT, row, strict=True)) | {"votes": [], "responses": [], "annotations": []}


def _responses(db: Connection, ids: Sequence[int]) -> Mapping[int, dict[int, Row]]:
    models = {row.id: {"model": row.name} | _SIMULATED[row.simulated] for row in db.execute(select(MODELS))}
    statement = (
        select(R.prompt_id, R.id, R.model_id, R.identity, *_RESPONSE.values())
        .join(RESPONSE_STATES, _RS.response_id == R.id)
        .where(in_list(R.prompt_id, ids))
        .order_by(R.prompt_id, R.id)
    )
    judged = _judgements(db, ids)
    found: dict[int, dict[int, Row]] = defaultdict(dict)
    for prompt_id, key, model, identity, *rest in db.execute(statement).all():
        row = _present(_RESPONSE, rest) | models[model] | {"id": identity.hex()}
        if key in judged:
            row["judgements"] = judged[key]
        found[prompt_id][key] = row
    return found


def _judgements(db: Connection, ids: Sequence[int]) -> Mapping[int, list[Row]]:
    judges = {row.id: (row.name, row.kind) for row in db.execute(select(JUDGES))}
    statement = (
        select(J.response_id, J.judge_id, J.identity, *_JUDGEMENT.values())
        .join(RESPONSES, R.id == J.response_id)
        .where(in_list(R.prompt_id, ids))
        .order_by(J.response_id, J.id)
    )
    found: dict[int, list[Row]] = defaultdict(list)
    for response_id, judge, identity, *rest in db.execute(statement).all():
        row = _present(_JUDGEMENT, rest)
        row["id"] = identity.hex()
        row["judge"], row["kind"] = judges[judge]
        found[response_id].append(row)
    return found


def _present(names: Iterable[str], values: Sequence[Any]) -> Row:
    """The values by name; nested records leave out missing and empty ones."""
    return {name: value for name, value in zip(names, values) if value not in _NOTHING}  # noqa: B905 - millions


def _votes(db: Connection, ids: Sequence[int]) -> Mapping[tuple[int, int | None], list[Row]]:
    models = {row.id: {"moderator": row.name} | _SIMULATED[row.simulated] for row in db.execute(select(MODELS))}
    columns = (V.prompt_id, V.response_id, V.moderator_id, *_VOTE.values())
    statement = select(*columns).where(in_list(V.prompt_id, ids)).order_by(V.id)
    found: dict[tuple[int, int | None], list[Row]] = defaultdict(list)
    for prompt_id, response_id, moderator, *rest in db.execute(statement).all():
        found[prompt_id, response_id].append({**models[moderator], **dict(zip(_VOTE, rest, strict=True))})
    return found


def _annotations(db: Connection, ids: Sequence[int], named: Named) -> Mapping[tuple[int, int | None], list[Row]]:
    statement = _decisions().where(in_list(A.prompt_id, ids))
    found: dict[tuple[int, int | None], list[Row]] = defaultdict(list)
    made = db.execute(statement).all()
    undone = reversals(db, {row.journal_id for row in made}, named)
    for row in made:
        found[row.prompt_id, row.response_id].append(
            entry_of(row, named)
            | {"annotator": named(row.name), "aspect": row.aspect, "value": row.value, "reason": row.reason}
            | ({"value": named(row.value), "told": row.aspect} if row.aspect in CHECKS else {})
            | {"raw": row.raw, "visible": row.visible.split(), "source": row.source_id, "line": row.source_line}
            | {"undone": undone.get(row.journal_id, []), "in_force": bool(row.in_force)}
        )
    return found


def _decisions() -> Select[Any]:
    version = guidelines.version_of(D.guideline_id).label("guideline")
    in_force = DECISION_IN_FORCE.label("in_force")
    return (
        select(ANNOTATIONS, D.uuid, D.kind, D.at, D.counter, SUMMARY, ANNOTATORS.c.name, version, in_force)
        .join(JOURNAL, D.id == A.journal_id)
        .join(ANNOTATORS, ANNOTATORS.c.id == A.annotator_id)
        .order_by(*IN_ORDER, A.id)
    )


def entry_of(row: Any, named: Named) -> Row:
    """Describe a journal entry; `guideline` is the version that was current then, None if there was none."""
    entry = {"deed": row.uuid, "kind": row.kind, "at": written(row.at), "counter": row.counter, "told": row.summary}
    return entry | {"annotator": named(row.name) if row.name is not None else None, "guideline": row.guideline or None}


def reversals(db: Connection, entry_ids: Iterable[int], named: Named) -> Mapping[int, list[Row]]:
    """List the undos and redos of the entries, oldest first, by entry id."""
    statement = (
        select(D.target_id, D.uuid, D.kind, D.at, D.counter, SUMMARY, ANNOTATORS.c.name)
        .outerjoin(ANNOTATORS, ANNOTATORS.c.id == D.annotator_id)
        .order_by(*IN_ORDER)
    )
    found: dict[int, list[Row]] = defaultdict(list)
    for some in chunks(sorted(entry_ids)):
        for target_id, uuid, kind, at, counter, summary, name in db.execute(statement.where(D.target_id.in_(some))):
            entry = {"deed": uuid, "kind": kind, "at": written(at), "counter": counter, "told": summary}
            found[target_id].append(entry | {"annotator": named(name)})
    return found


def written(at: datetime) -> str:
    """Format a time for files: UTC, to the microsecond."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def entries(db: Connection, annotator: str | None) -> Iterator[Row]:
    """Read the journal entries made in the studio by one annotator, or by all, each annotator's in their order.

    Entries that a reviewer may not see, or not completely, are left out.
    """
    statement = (
        select(
            ANNOTATIONS, D.uuid, D.kind, D.at, D.counter, SUMMARY, ANNOTATORS.c.name,
            guidelines.version_of(D.guideline_id).label("guideline"),
            P.identity.label("prompt"), R.identity.label("response"), MODELS.c.name.label("model"),
        )
        .join(JOURNAL, D.id == A.journal_id)
        .join(ANNOTATORS, ANNOTATORS.c.id == A.annotator_id)
        .join(PROMPTS, P.id == A.prompt_id)
        .outerjoin(RESPONSES, R.id == A.response_id)
        .outerjoin(MODELS, MODELS.c.id == R.model_id)
        .where(D.kind.in_(DECIDING), SUMMARY.element != HIDDEN)
        .where(*([ANNOTATORS.c.name == annotator] if annotator is not None else []))
        .order_by(*IN_ORDER, P.identity, MODELS.c.name, R.identity, A.aspect, A.value)
    )  # fmt: skip
    rows = db.execute(statement).all()
    undone = reversals(db, {row.journal_id for row in rows}, str)
    for entry, some in groupby(rows, key=lambda row: row.journal_id):
        decisions = list(some)
        yield entry_of(decisions[0], str) | {
            "decisions": list(map(_decision, decisions)),
            "undone": undone.get(entry, []),
        }


def has_imported(db: Connection, annotator: str | None) -> bool:
    """Whether any decisions, or those of an annotator, came from imported files."""
    statement = select(A.id).join(JOURNAL, D.id == A.journal_id).join(ANNOTATORS, ANNOTATORS.c.id == A.annotator_id)
    whose = [ANNOTATORS.c.name == annotator] if annotator is not None else []
    return db.execute(statement.where(D.kind.not_in(DECIDING), *whose).limit(1)).first() is not None


def _decision(row: Any) -> Row:
    values = {name: getattr(row, name) for name in ("aspect", "value", "reason", "raw")}
    response = {"model": row.model, "id": row.response.hex()} if row.response is not None else None
    return {"prompt": row.prompt.hex(), "response": response, **values, "visible": row.visible.split()}
