"""Propose a mapping: from the names of columns, and from what their first cells hold."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from orbench_studio.formats import class_words, conversations
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.nested_paths import plain, within
from orbench_studio.formats.records import RowError
from orbench_studio.formats.row_guard import nested
from orbench_studio.formats.tables import NestedCell

# No KEY: a column `id` often just counts rows, and as a key it would match unrelated prompts across files.
_USUAL_NAMES: Mapping[Field, tuple[str, ...]] = {
    Field.PROMPT: ("prompt", "question", "instruction", "query", "goal", "behavior", "forbidden_prompt", "user_prompt",
                   "input_prompt", "prompt_text", "seed_question", "text", "input", "messages", "conversations",
                   "conversation", "turns", "prompts", "questions", "instructions", "queries", "request",
                   "user_input", "user_message", "q"),
    Field.SYSTEM: ("system_prompt",),
    Field.CATEGORY: ("category", "topic", "harm_category", "semantic_category", "subcategory", "semanticcategory",
                     "risk_area", "class", "type"),
    Field.SEED: ("toxic_seed", "seed", "seed_prompt", "original_prompt"),
    Field.LABEL: ("prompt_harm_label", "prompt_label", "gold_label", "ground_truth", "label"),
    Field.VERDICT: ("is_toxic", "verdict", "moderation", "flagged"),
    Field.EXPLANATION: ("moderation_result", "explanation", "rationale"),
    Field.MODERATOR: ("moderator", "moderator_model"),
    Field.RESPONSE: ("response", "completion", "reply", "answer", "generation", "output", "model_response",
                     "model_output", "target_response", "response_text", "responses", "generated_text",
                     "generated_response", "assistant_response", "generations", "completions", "outputs",
                     "final_response"),
    Field.MODEL: ("model_name", "model", "model_id", "llm", "generator", "target_model"),
    Field.STOP_REASON: ("finish_reason", "stop_reason"),
    Field.ERROR: ("error", "error_message"),
    Field.ANSWER_CLASS: ("answer_class", "answer_category", "final_label", "refusal_class", "response_refusal_label"),
    Field.IS_REFUSAL: ("is_refusal", "is_rejected", "refusal", "refused", "rejected", "is_refused"),
    Field.JUDGE: ("judge", "judge_model", "grader"),
    Field.ANNOTATOR: ("annotator", "annotator_id", "rater", "worker_id"),
    Field.REASON: ("reason", "comment"),
    Field.SAMPLE: ("sample_idx", "sample_index", "trial_idx", "trial", "repetition"),
}  # fmt: skip
_OF_RESPONSE = (Field.ANSWER_CLASS, Field.IS_REFUSAL, Field.STOP_REASON, Field.ERROR, Field.SAMPLE)
_SENT = re.compile(
    r"(?:.*_)?(?:final|attack|jailbreak|adversarial|mutated|modified|rewritten|transformed|perturbed|obfuscated|encoded"
    r"|augmented|optimi[sz]ed|paraphrased)(?:_(?:prompt|query|question|instruction|text|input|request|user|goal))?"
    r"|test_case"
)
"""Names of what may have been sent to the model instead of the prompt."""
_INSIDE = (
    "choices.0.message.content", "choices.0.text", "message.content", "0.message.content", "0.content", "content",
    "text", "prompt", "question", "response", "completion", "output", "generated_text", "answer", "value",
)  # fmt: skip
_DEPTH = 3  # levels at which the model's name is looked for


def propose(header: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> ColumnMapping | None:
    """Propose a mapping from common column names; None if no column looks like the prompt.

    With some rows, a column called label whose values are those of answers and refusals is taken for answer classes,
    a column of numbers or identifiers is not taken for the prompt or the seed, and of a nested value the path of its
    text is proposed. Where several columns may have been sent to the model, none is proposed for the prompt.
    """
    by_name = {_plain(name): name for name in reversed(header)}
    cells = {name: [row[at] for row in rows] for at, name in enumerate(header)}
    columns: dict[Field, str] = {}
    for part, names in _USUAL_NAMES.items():
        usual = (by_name[name] for name in names if name in by_name)
        paths = (_path(part, name, cells[name]) for name in usual)
        found = next((path for path in paths if path is not None), None)
        if found is not None and found not in columns.values():
            columns[part] = found
    if Field.PROMPT not in columns:
        return None
    if Field.RESPONSE not in columns:
        for part in _OF_RESPONSE:
            columns.pop(part, None)
        return _readable(columns)
    columns.pop(Field.VERDICT, None)  # of the prompt or of the response
    if Field.MODEL not in columns and (model := _model(cells)) is not None:
        columns[Field.MODEL] = model
    if Field.LABEL in columns and Field.ANSWER_CLASS not in columns:
        values = list(filter(str.strip, cells[columns[Field.LABEL]]))
        if values and all(class_words.answer_class(value) is not None for value in values):
            columns[Field.ANSWER_CLASS] = columns.pop(Field.LABEL)
    if sent_columns(columns, header, rows):
        del columns[Field.PROMPT]
    return _readable(columns)


def sent_columns(columns: Mapping[Field, str], header: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> list[str]:
    """The columns of which any may have been sent to the model, if there is more than one."""
    usual = columns.get(Field.PROMPT) or next((n for n in header if _plain(n) in _USUAL_NAMES[Field.PROMPT]), None)
    if Field.RESPONSE not in columns or usual is None or usual not in header:
        return []
    first = header.index(usual)
    others = [
        name
        for at, name in enumerate(header)
        if at != first
        and _SENT.fullmatch(_plain(name))
        and (not rows or any(" " in row[at].strip() and row[at] != row[first] for row in rows))
    ]
    return [usual, *others] if others else []


def _readable(columns: Mapping[Field, str]) -> ColumnMapping:
    """The proposal without columns that would store nothing."""
    proposal = ColumnMapping(columns)
    while unread := proposal.unread():
        proposal = ColumnMapping({part: path for part, path in proposal.columns.items() if part not in unread})
    return proposal


def _path(part: Field, name: str, cells: Sequence[str]) -> str | None:
    """The column, or the path of the text inside it; None if it has none for this field."""
    filled = [cell for cell in cells if cell.strip()]
    if part in (Field.PROMPT, Field.SEED) and filled and all(map(class_words.is_identifier, filled)):
        return None
    if part is Field.SEED and not cells and _plain(name) == "seed":
        return None
    if part not in (Field.PROMPT, Field.RESPONSE) or not any(isinstance(cell, NestedCell) for cell in cells):
        return name
    values = [nested(cell) if isinstance(cell, NestedCell) else cell for cell in filled]
    if all(_is_read(part, value) for value in values):
        return name
    for inside in _INSIDE:
        if all(_is_text(within(value, inside.split("."))) for value in values):
            return f"{name}.{inside}"
    return None


def _is_read(part: Field, value: Any) -> bool:
    """Whether the reader of this field can read a value."""
    try:
        if part is Field.RESPONSE:
            conversations.samples(value)
        elif conversations.read(value) is None:
            plain(value, "prompt")
    except RowError:
        return False
    return True


def _is_text(value: Any) -> bool:
    texts = value if isinstance(value, list) else [value]
    return bool(texts) and all(isinstance(text, str) for text in texts)


def _model(cells: Mapping[str, Sequence[str]]) -> str | None:
    """The path of a model's name inside a nested cell."""
    for name, column in cells.items():
        if column and isinstance(column[0], NestedCell):
            path = _named(nested(column[0]), _DEPTH)
            if path is not None:
                return f"{name}.{path}"
    return None


def _named(value: Any, depth: int) -> str | None:
    if not isinstance(value, dict) or not depth:
        return None
    for name, inner in value.items():
        if _plain(name) in _USUAL_NAMES[Field.MODEL] and isinstance(inner, str) and inner:
            return str(name)
    for name, inner in value.items():
        if (path := _named(inner, depth - 1)) is not None:
            return f"{name}.{path}"
    return None


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
