"""Store the results of items: one response, judgement, vote or list of texts per item; then update derived values."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, select, update

from orbench_studio.domain.core.judgement import JudgeKind, Judgement
from orbench_studio.domain.core.moderation import Vote
from orbench_studio.domain.core.prompt import text_identity
from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.domain.evaluation.states import COUNTED, ItemState
from orbench_studio.domain.generation.list_reply import Listing
from orbench_studio.store.core.batch_tables import BATCH_ITEMS
from orbench_studio.store.core.bulk_insert import add, id_of, new_ids
from orbench_studio.store.core.tables import JUDGEMENTS, JUDGES, MODELS, RESPONSES, VOTES
from orbench_studio.store.core.unit_of_work import lock_prompts
from orbench_studio.store.evaluation import batches, generated_texts
from orbench_studio.store.review import derived_states

_I = BATCH_ITEMS.c


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens (None if the vendor reports none) and cost in USD (None if the price is unknown).

    `is_estimated`: the cost is computed from estimated tokens.
    """

    input_tokens: int | None = None
    output_tokens: int | None = None
    cost: float | None = None
    is_estimated: bool = False


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """A model's answer to a prompt, with its reasoning and the vendor's fields about why it stopped."""

    text: str
    stop_reason: StopReason
    reasoning: str = ""
    reasoning_tokens: int | None = None
    stop_details: str = ""


@dataclass(frozen=True, slots=True)
class JudgeAnswer:
    response_id: int
    judgement: Judgement
    template_hash: str


@dataclass(frozen=True, slots=True)
class ModeratorAnswer:
    """A moderator's answer on a prompt, or on a response to it."""

    vote: Vote
    template_hash: str


@dataclass(frozen=True, slots=True)
class ListAnswer:
    """A writer's answer: its texts and the raw reply. `near` maps a text to its near duplicates."""

    listing: Listing
    raw: str
    stop_reason: StopReason
    template_hash: str
    near: Mapping[str, Sequence[str]] = field(default_factory=dict)


Result = ModelAnswer | JudgeAnswer | ModeratorAnswer | ListAnswer


@dataclass(frozen=True, slots=True)
class ItemFailure:
    cause: Cause
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an item, and the attempts it took this time."""

    item_id: int
    prompt_id: int | None
    model_id: int
    attempts: int
    result: Result | ItemFailure
    usage: Usage = Usage()


def store(db: Connection, batch_id: int, outcomes: Sequence[Outcome]) -> list[int]:
    """Store outcomes and return the changed prompts. Only the first answer of an item counts.

    Other processes may do the same concurrently. To avoid deadlocks, prompts are locked first and the counts of the
    models last.
    """
    lock_prompts(db, [outcome.prompt_id for outcome in outcomes if outcome.prompt_id])
    states = _states(db, [outcome.item_id for outcome in outcomes])
    new = [outcome for outcome in outcomes if (state := states.get(outcome.item_id)) and state.accepts_result]
    if not new:
        return []
    _end_items(db, new)
    responses = _add_responses(db, [outcome for outcome in new if isinstance(outcome.result, ModelAnswer)])
    judged = _add_judgements(db, [outcome for outcome in new if isinstance(outcome.result, JudgeAnswer)])
    derived_states.refresh_responses(db, sorted({*responses, *judged}))
    answered = {one.prompt_id for one in new if one.prompt_id and isinstance(one.result, ModelAnswer | JudgeAnswer)}
    derived_states.recount_answers(db, sorted(answered))
    moderated = {*_add_votes(db, [outcome for outcome in new if isinstance(outcome.result, ModeratorAnswer)])}
    moderated |= {*_add_texts(db, [outcome for outcome in new if isinstance(outcome.result, ListAnswer)])}
    derived_states.refresh_prompts(db, sorted(moderated))
    _count(db, batch_id, new, states)
    return sorted(answered | moderated)


def _states(db: Connection, item_ids: Sequence[int]) -> dict[int, ItemState]:
    rows = db.execute(select(_I.id, _I.state).where(_I.id.in_(item_ids)))
    return {item_id: ItemState(state) for item_id, state in rows}


def _end_items(db: Connection, outcomes: Sequence[Outcome]) -> None:
    statement = update(BATCH_ITEMS).where(_I.id == bindparam("item"))
    values = {"state": bindparam("new_state"), "attempts": _I.attempts + bindparam("more"), "runner_id": None}
    values |= {"cause": bindparam("new_cause"), "error": bindparam("new_error"), "vendor_batch_id": None}
    rows = []
    for outcome in outcomes:
        failure = outcome.result if isinstance(outcome.result, ItemFailure) else None
        row = {"item": outcome.item_id, "more": outcome.attempts, "new_state": _final_state(outcome)}
        rows.append(row | {"new_cause": failure and failure.cause, "new_error": failure and failure.message})
    db.execute(statement.values(values), rows)


def _final_state(outcome: Outcome) -> ItemState:
    return ItemState.FAILED if isinstance(outcome.result, ItemFailure) else ItemState.DONE


def _count(db: Connection, batch_id: int, outcomes: Sequence[Outcome], states: dict[int, ItemState]) -> None:
    by_model: dict[int, Counter[str]] = defaultdict(Counter)
    costs: dict[int, float] = defaultdict(float)
    for outcome in outcomes:
        counts, usage = by_model[outcome.model_id], outcome.usage
        before = states[outcome.item_id]
        if before in COUNTED:
            counts[before] -= 1
        counts[_final_state(outcome)] += 1
        counts["input_tokens"] += usage.input_tokens or 0
        counts["output_tokens"] += usage.output_tokens or 0
        counts["unpriced"] += usage.cost is None and not isinstance(outcome.result, ItemFailure)
        counts["estimated"] += usage.is_estimated
        costs[outcome.model_id] += usage.cost or 0.0
    for model_id in sorted(by_model):
        batches.add_counts(db, batch_id, model_id, {**by_model[model_id], "cost": costs[model_id]})


def _add_responses(db: Connection, outcomes: Sequence[Outcome]) -> list[int]:
    rows = []
    for response_id, outcome in zip(new_ids(db, RESPONSES, len(outcomes)), outcomes, strict=True):
        answer = outcome.result
        assert isinstance(answer, ModelAnswer)
        row: dict[str, Any] = {"id": response_id, "prompt_id": outcome.prompt_id, "model_id": outcome.model_id}
        # Repeats may have equal texts, and each of them counts.
        row["identity"] = text_identity(answer.text, f"batch item {outcome.item_id}")
        row |= {"text": answer.text, "stop_reason": answer.stop_reason, "batch_item_id": outcome.item_id}
        row |= {"input_tokens": outcome.usage.input_tokens, "output_tokens": outcome.usage.output_tokens}
        row |= {"reasoning": answer.reasoning or None, "reasoning_tokens": answer.reasoning_tokens}
        row["stop_details"] = answer.stop_details or None
        rows.append(row)
    add(db, RESPONSES, rows)
    return [row["id"] for row in rows]


def _add_judgements(db: Connection, outcomes: Sequence[Outcome]) -> list[int]:
    judges = _judges(db, {outcome.model_id for outcome in outcomes})
    rows, response_ids = [], []
    for outcome in outcomes:
        judged = outcome.result
        assert isinstance(judged, JudgeAnswer)
        judgement = judged.judgement
        start, end = judgement.evidence or (None, None)
        raw = judgement.raw or ""
        row: dict[str, Any] = {"response_id": judged.response_id, "judge_id": judges[outcome.model_id]}
        row["identity"] = text_identity(judgement.answer_class, raw, f"batch item {outcome.item_id}")
        row |= {"answer_class": judgement.answer_class, "explanation": judgement.explanation, "raw": judgement.raw}
        row |= {"evidence_start": start, "evidence_end": end, "refusal": judgement.refusal}
        row |= {"template_hash": judged.template_hash, "batch_item_id": outcome.item_id}
        rows.append(row)
        response_ids.append(judged.response_id)
    add(db, JUDGEMENTS, rows)
    return response_ids


def _add_votes(db: Connection, outcomes: Sequence[Outcome]) -> list[int]:
    """Add votes; return their prompts."""
    rows, prompt_ids = [], []
    for outcome in outcomes:
        voted = outcome.result
        assert isinstance(voted, ModeratorAnswer)
        assert outcome.prompt_id is not None  # every item of a moderation has one
        vote = voted.vote
        row: dict[str, Any] = {"prompt_id": outcome.prompt_id, "response_id": vote.response_id}
        row |= {"moderator_id": outcome.model_id, "verdict": vote.verdict, "category": vote.category}
        row["identity"] = text_identity(vote.verdict, vote.raw, f"batch item {outcome.item_id}")
        row |= {"explanation": vote.explanation, "raw": vote.raw}
        row |= {"template_hash": voted.template_hash, "batch_item_id": outcome.item_id}
        rows.append(row)
        prompt_ids.append(outcome.prompt_id)
    add(db, VOTES, rows)
    return prompt_ids


def _add_texts(db: Connection, outcomes: Sequence[Outcome]) -> list[int]:
    """Add the texts of lists; return the new prompts."""
    prompt_ids = []
    for outcome in outcomes:
        listed = outcome.result
        assert isinstance(listed, ListAnswer)
        values = {"raw": listed.raw, "stop_reason": listed.stop_reason, "template_hash": listed.template_hash}
        prompt_ids += generated_texts.store(db, outcome.item_id, listed.listing, values, listed.near)
    return prompt_ids


def _judges(db: Connection, model_ids: set[int]) -> dict[int, int]:
    found = db.execute(select(MODELS.c.id, MODELS.c.name).where(MODELS.c.id.in_(model_ids))).all()
    return {model_id: id_of(db, JUDGES, {"name": name, "kind": JudgeKind.LLM}) for model_id, name in found}
