"""Record the rows of a data frame as human decisions."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.errors import StudioError
from orbench_studio.services.review.prompt_review import decide_all
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import prompts, responses

_IDS = {Aspect.LABEL: "prompt_id", Aspect.ANSWER_CLASS: "response_id"}
_END_OF_IDS = 2**63


def add_annotations(workspace: Workspace, rows: Sequence[Mapping[Any, Any]], annotator: str) -> int:
    """Record one decision per row, in order, all or none; returns how many.

    Rows have `prompt_id` and `label`, or `response_id` and `answer_class`, and optionally `reason`; None is missing.
    Raises a StudioError that names the row if one is invalid.
    """
    if not annotator.strip():
        raise StudioError("Name the annotator whose decisions these are.")
    about = [_subject(row, number) for number, row in enumerate(rows, start=1)]
    with workspace.reading() as db:
        prompt_of = responses.prompts_of(db, [row_id for aspect, row_id in about if aspect is Aspect.ANSWER_CLASS])
        known = prompts.categories(db, [row_id for aspect, row_id in about if aspect is Aspect.LABEL])
    decisions = [
        _decision(row, number, *subject, known, prompt_of)
        for number, (row, subject) in enumerate(zip(rows, about, strict=True), start=1)
    ]
    decide_all(workspace, decisions, annotator=annotator)
    return len(decisions)


def _subject(row: Mapping[Any, Any], number: int) -> tuple[Aspect, int]:
    """What a row decides, and the id of its prompt or response."""
    given = [aspect for aspect in _IDS if row.get(aspect) is not None]
    name = _IDS[given[0]] if len(given) == 1 else ""
    if row.get(name) is None:
        raise StudioError(f"Row {number} needs prompt_id and label, or response_id and answer_class.")
    try:
        row_id = int(row[name])
        is_id = row_id == float(row[name]) and 0 < row_id < _END_OF_IDS
    except (ValueError, OverflowError, TypeError):
        is_id = False
    if not is_id:
        raise StudioError(f"Row {number}: {name} is {row[name]!r}, but must be a whole number from 1.")
    return given[0], row_id


def _decision(
    row: Mapping[Any, Any],
    number: int,
    aspect: Aspect,
    row_id: int,
    known: Collection[int],
    prompt_of: Mapping[int, int],
) -> Decision:
    is_label = aspect is Aspect.LABEL
    if row_id not in (known if is_label else prompt_of):
        what = "prompt" if is_label else "response"
        raise StudioError(f"Row {number}: there is no {what} {row_id} in the workspace.")
    prompt_id, response_id = (row_id, None) if is_label else (prompt_of[row_id], row_id)
    reason = str(row["reason"]) if row.get("reason") is not None else None
    try:
        return Decision(prompt_id, aspect, str(row[aspect]), response_id, reason)
    except ValueError as error:
        raise StudioError(f"Row {number}: {error}.") from error
