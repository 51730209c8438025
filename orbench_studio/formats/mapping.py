"""Mappings: which column, or path inside a column, gives each field, and what its values mean."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

from orbench_studio.errors import DAMAGE
from orbench_studio.formats import class_words
from orbench_studio.formats.nested_paths import alternatives
from orbench_studio.formats.tables import listing


class Field(StrEnum):
    """A field of a record that a column, or one value for the whole file, can provide."""

    PROMPT = "prompt"
    SYSTEM = "system_prompt"
    CATEGORY = "category"
    SEED = "seed"
    KEY = "key"
    LABEL = "label"
    VERDICT = "verdict"
    EXPLANATION = "explanation"
    MODERATOR = "moderator"
    RESPONSE = "response"
    MODEL = "model"
    STOP_REASON = "stop_reason"
    ERROR = "error"
    ANSWER_CLASS = "answer_class"
    IS_REFUSAL = "is_refusal"
    JUDGE = "judge"
    ANNOTATOR = "annotator"
    REASON = "reason"
    SAMPLE = "sample"


# No KEY: a column `id` often just counts rows, and as a key it would match unrelated prompts across files.
_USUAL_NAMES: Mapping[Field, tuple[str, ...]] = {
    Field.PROMPT: ("prompt", "question", "instruction", "query", "goal", "behavior", "forbidden_prompt", "user_prompt",
                   "input_prompt", "prompt_text", "seed_question", "text", "input", "messages", "conversations",
                   "conversation", "turns", "prompts", "questions", "instructions", "queries", "request",
                   "user_input", "q"),
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
                     "generated_response", "assistant_response", "generations", "completions", "outputs"),
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
_NEEDS: Mapping[Field, tuple[Field, ...]] = {
    Field.VERDICT: (Field.MODERATOR,),
    Field.RESPONSE: (Field.MODEL,),
}
_READ_WITH: Mapping[Field, tuple[tuple[Field, ...], ...]] = {
    Field.EXPLANATION: ((Field.VERDICT,), (Field.ANSWER_CLASS, Field.JUDGE), (Field.IS_REFUSAL, Field.JUDGE)),
    Field.MODERATOR: ((Field.VERDICT,),),
    Field.JUDGE: ((Field.ANSWER_CLASS,), (Field.IS_REFUSAL,)),
    Field.REASON: ((Field.ANNOTATOR,),),
    Field.ANNOTATOR: ((Field.LABEL,), (Field.REASON,), (Field.ANSWER_CLASS,), (Field.IS_REFUSAL,)),
}
"""Fields that store nothing alone, each with those of which it needs a set."""
_OF_RESPONSE = (Field.ANSWER_CLASS, Field.IS_REFUSAL, Field.STOP_REASON, Field.ERROR, Field.SAMPLE)
NAMES = (Field.MODEL, Field.MODERATOR, Field.JUDGE, Field.ANNOTATOR)
VALUE_FIELDS = frozenset({Field.CATEGORY, Field.SYSTEM, *NAMES})
CODED = (Field.CATEGORY, Field.LABEL, Field.VERDICT, Field.ANSWER_CLASS, Field.IS_REFUSAL)
"""Fields whose values stand for something: each can be given a meaning."""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The column or path of each field, fields with one value for the whole file, and the meaning of values.

    `meanings` has, by field, what a value of the file stands for: an answer class, a label, a verdict or a category; an
    empty meaning ignores the value.
    """

    columns: Mapping[Field, str] = field(default_factory=dict)
    values: Mapping[Field, str] = field(default_factory=dict)
    meanings: Mapping[Field, Mapping[str, str]] = field(default_factory=dict)

    def gives(self, part: Field) -> bool:
        """Whether a column or a value provides this field."""
        return part in self.columns or part in self.values

    def with_values(self, given: Mapping[Field, str | None]) -> Self:
        """A copy with values for fields that are not provided yet."""
        more = {part: value for part, value in given.items() if value and not self.gives(part)}
        return replace(self, values={**self.values, **more})

    def over(self, base: Self) -> Self:
        """Another mapping with what this one says in place of what it says."""
        columns = {part: path for part, path in base.columns.items() if part not in self.values}
        values = {part: value for part, value in base.values.items() if part not in self.columns}
        meanings = {part: {**base.meanings.get(part, {}), **self.meanings.get(part, {})} for part in CODED}
        return replace(self, columns={**columns, **self.columns}, values={**values, **self.values}, meanings=meanings)

    def with_meanings(self, given: Mapping[str, str]) -> Self:
        """A copy with meanings of values, each for the mapped fields that can have it.

        Raises ValueError for a meaning that no mapped field can have.
        """
        found = {part: dict(of) for part, of in self.meanings.items()}
        for stated, meaning in given.items():
            fields = [part for part in CODED if part in self.columns and can_mean(part, meaning)]
            if not fields:
                raise ValueError(f"no mapped column can mean {meaning!r}")
            for part in fields:
                found.setdefault(part, {})[class_words.word(stated)] = meaning
        return replace(self, meanings=found)

    def problems(self, header: Sequence[str]) -> list[str]:
        """Why a file with this header cannot be read with this mapping; empty if it can."""
        missing = sorted({path for path in self.columns.values() if not path or not alternatives(header, path)})
        found = [f"there is no column {', '.join(missing)}; the file has {listing(header)}"] if missing else []
        if Field.PROMPT not in self.columns:
            found.append(f"no column is mapped to prompt; the file has {listing(header)}")
        fixed = sorted(set(self.values) - VALUE_FIELDS)
        if fixed:
            found.append(f"{', '.join(fixed)} needs a column, not one value for all rows")
        for part, needs in _NEEDS.items():
            found += [f"{part} needs {need}: give its column or its value" for need in needs if self._lacks(part, need)]
        return found

    def unread(self) -> list[Field]:
        """The mapped columns that store nothing, because what they belong to is not mapped."""
        return [
            part
            for part, needs in _READ_WITH.items()
            if part in self.columns and not any(all(map(self.gives, need)) for need in needs)
        ]

    def unread_columns(self) -> list[str]:
        """What to say about the columns of `unread`."""
        return [
            f"{part} ({self.columns[part]}) was not read. Map it with "
            f"{', or '.join(' and '.join(need) for need in _READ_WITH[part])}."
            for part in self.unread()
        ]

    def to_json(self) -> str:
        """Serialise for the settings; keys are sorted, so equal mappings give equal texts."""
        parts = {"columns": dict(self.columns), "values": dict(self.values), "meanings": dict(self.meanings)}
        return json.dumps(parts, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Parse the output of `to_json`; raises ValueError for any other text."""
        try:
            found = json.loads(text)
            columns, values = ({Field(k): str(v) for k, v in found[part].items()} for part in ("columns", "values"))
            meanings = {Field(k): _texts(v) for k, v in found.get("meanings", {}).items()}
        except DAMAGE as error:
            raise ValueError("this is not a column mapping") from error
        return cls(columns, values, meanings)

    def _lacks(self, part: Field, need: Field) -> bool:
        return self.gives(part) and not self.gives(need)


def _texts(found: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in found.items()}


def can_mean(part: Field, meaning: str) -> bool:
    """Whether a value of a field can stand for this; an empty meaning ignores the value."""
    if not meaning:
        return True
    if part in (Field.ANSWER_CLASS, Field.IS_REFUSAL):
        return class_words.answer_class(meaning) is not None
    if part is Field.CATEGORY:
        return class_words.word(meaning) not in class_words.LABELS or class_words.word(meaning) == "harmful"
    return meaning in (("safe", "toxic", "controversial") if part is Field.LABEL else ("safe", "toxic", "unparsed"))


def propose(header: Sequence[str], rows: Sequence[Sequence[str]] = ()) -> ColumnMapping | None:
    """Propose a mapping from common column names; None if no column looks like the prompt.

    With some rows, a column called label whose values are those of answers and refusals is taken for answer classes,
    and a column of numbers or identifiers is not taken for the prompt.
    """
    by_name = {_plain(name): name for name in reversed(header)}
    texts = {
        name
        for at, name in enumerate(header)
        if not rows or not all(class_words.is_identifier(row[at]) for row in rows)
    }
    columns: dict[Field, str] = {}
    for part, names in _USUAL_NAMES.items():
        usual = (by_name[name] for name in names if name in by_name)
        found = next((name for name in usual if part is not Field.PROMPT or name in texts), None)
        if found is not None and found not in columns.values():
            columns[part] = found
    if Field.PROMPT not in columns:
        return None
    if Field.RESPONSE not in columns:
        for part in _OF_RESPONSE:
            columns.pop(part, None)
    elif Field.LABEL in columns and Field.ANSWER_CLASS not in columns:
        at = header.index(columns[Field.LABEL])
        values = {row[at] for row in rows if row[at].strip()}
        if values and all(class_words.answer_class(value) is not None for value in values):
            columns[Field.ANSWER_CLASS] = columns.pop(Field.LABEL)
    proposal = ColumnMapping(columns)
    while unread := proposal.unread():
        proposal = ColumnMapping({part: path for part, path in proposal.columns.items() if part not in unread})
    return proposal


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
