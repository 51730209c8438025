"""Record the rows of a data frame as human decisions."""

from collections.abc import Mapping, Sequence
from typing import Any

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.errors import StudioError
from orbench_studio.services.review.prompt_review import decide
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import responses

_FORMS = {"label": Aspect.LABEL, "answer_class": Aspect.ANSWER_CLASS}


def add_annotations(workspace: Workspace, rows: Sequence[Mapping[Any, Any]], annotator: str) -> int:
    """Record one decision per row, in order; returns how many.

    Rows have `prompt_id` and `label`, or `response_id` and `answer_class`, and optionally `reason`. Raises a
    StudioError that names the row, before anything is recorded, if one is invalid.
    """
    if not annotator.strip():
        raise StudioError("Name the annotator whose decisions these are.")
    with workspace.reading() as db:
        prompt_of = responses.prompts_of(db, [int(row["response_id"]) for row in rows if _has(row, "response_id")])
    decisions = [_decision(row, number, prompt_of) for number, row in enumerate(rows, start=1)]
    for decision in decisions:
        decide(workspace, decision, annotator=annotator)
    return len(decisions)


def _decision(row: Mapping[Any, Any], number: int, prompt_of: Mapping[int, int]) -> Decision:
    given = [name for name in _FORMS if _has(row, name)]
    needs = "response_id" if given == ["answer_class"] else "prompt_id"
    if len(given) != 1 or not _has(row, needs):
        raise StudioError(f"Row {number} needs prompt_id and label, or response_id and answer_class.")
    response_id = int(row["response_id"]) if needs == "response_id" else None
    if response_id is not None and response_id not in prompt_of:
        raise StudioError(f"Row {number}: there is no response {response_id} in the workspace.")
    prompt_id = int(row["prompt_id"]) if response_id is None else prompt_of[response_id]
    reason = str(row["reason"]) if _has(row, "reason") else None
    try:
        return Decision(prompt_id, _FORMS[given[0]], str(row[given[0]]), response_id, reason)
    except ValueError as error:
        raise StudioError(f"Row {number}: {error}.") from error


def _has(row: Mapping[Any, Any], name: str) -> bool:
    """Whether the row has a value; pandas writes a missing one as None or NaN, which differs from itself."""
    value = row.get(name)
    return value is not None and value == value
