"""Column mappings for tables of other formats: proposed from common column names, stored as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from orbench_studio.errors import DAMAGE
from orbench_studio.formats.tables import listing


class Field(StrEnum):
    """A field of a record that a column, or one value for the whole file, can provide."""

    PROMPT = "prompt"
    CATEGORY = "category"
    SEED = "seed"
    KEY = "key"
    LABEL = "label"
    VERDICT = "verdict"
    EXPLANATION = "explanation"
    MODERATOR = "moderator"
    RESPONSE = "response"
    MODEL = "model"
    ANSWER_CLASS = "answer_class"
    IS_REFUSAL = "is_refusal"
    JUDGE = "judge"
    ANNOTATOR = "annotator"


# No KEY: a column `id` often just counts rows, and as a key it would match unrelated prompts across files.
_USUAL_NAMES: Mapping[Field, tuple[str, ...]] = {
    Field.PROMPT: ("prompt", "question", "instruction", "query", "goal", "behavior", "user_prompt", "text", "input"),
    Field.CATEGORY: ("category", "topic", "harm_category", "semantic_category", "class", "type"),
    Field.SEED: ("toxic_seed", "seed", "seed_prompt", "original_prompt"),
    Field.LABEL: ("label", "prompt_label", "gold_label", "ground_truth"),
    Field.VERDICT: ("is_toxic", "verdict", "moderation"),
    Field.EXPLANATION: ("moderation_result", "explanation", "reason", "rationale"),
    Field.MODERATOR: ("moderator", "moderator_model"),
    Field.RESPONSE: ("response", "completion", "answer", "generation", "output", "model_response", "model_output"),
    Field.MODEL: ("model", "model_name", "model_id", "llm", "generator"),
    Field.ANSWER_CLASS: ("answer_class", "answer_category", "final_label", "refusal_class"),
    Field.IS_REFUSAL: ("is_refusal", "is_rejected", "refusal", "refused", "rejected"),
    Field.JUDGE: ("judge", "judge_model", "grader"),
    Field.ANNOTATOR: ("annotator", "annotator_id", "rater", "worker_id"),
}
_NEEDS: Mapping[Field, tuple[Field, ...]] = {
    Field.VERDICT: (Field.MODERATOR,),
    Field.RESPONSE: (Field.MODEL,),
    Field.ANSWER_CLASS: (Field.RESPONSE,),
    Field.IS_REFUSAL: (Field.RESPONSE,),
}
VALUE_FIELDS = frozenset({Field.CATEGORY, Field.MODERATOR, Field.MODEL, Field.JUDGE, Field.ANNOTATOR})


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """The column of each field, and the fields that have one value for the whole file."""

    columns: Mapping[Field, str] = field(default_factory=dict)
    values: Mapping[Field, str] = field(default_factory=dict)

    def gives(self, part: Field) -> bool:
        """Whether a column or a value provides this field."""
        return part in self.columns or part in self.values

    def with_values(self, given: Mapping[Field, str | None]) -> Self:
        """A copy with values for fields that are not provided yet."""
        more = {part: value for part, value in given.items() if value and not self.gives(part)}
        return type(self)(self.columns, {**self.values, **more})

    def problems(self, header: Sequence[str]) -> list[str]:
        """Why a file with this header cannot be read with this mapping; empty if it can."""
        missing = sorted({column for column in self.columns.values() if column not in header})
        found = [f"there is no column {', '.join(missing)}; the file has {listing(header)}"] if missing else []
        if Field.PROMPT not in self.columns:
            found.append(f"no column is mapped to prompt; the file has {listing(header)}")
        fixed = sorted(set(self.values) - VALUE_FIELDS)
        if fixed:
            found.append(f"{', '.join(fixed)} needs a column, not one value for all rows")
        for part, needs in _NEEDS.items():
            found += [f"{part} needs {need}: give its column or its value" for need in needs if self._lacks(part, need)]
        return found

    def to_json(self) -> str:
        """Serialise for the settings; keys are sorted, so equal mappings give equal texts."""
        return json.dumps({"columns": dict(self.columns), "values": dict(self.values)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Parse the output of `to_json`; raises ValueError for any other text."""
        try:
            found = json.loads(text)
            columns, values = ({Field(k): str(v) for k, v in found[part].items()} for part in ("columns", "values"))
        except DAMAGE as error:
            raise ValueError("this is not a column mapping") from error
        return cls(columns, values)

    def _lacks(self, part: Field, need: Field) -> bool:
        return self.gives(part) and not self.gives(need)


def propose(header: Sequence[str]) -> ColumnMapping | None:
    """Propose a mapping from common column names; None if no column looks like the prompt."""
    by_name = {_plain(name): name for name in reversed(header)}
    columns: dict[Field, str] = {}
    for part, names in _USUAL_NAMES.items():
        found = next((by_name[name] for name in names if name in by_name), None)
        if found is not None and found not in columns.values():
            columns[part] = found
    if Field.PROMPT not in columns:
        return None
    for part in (Field.ANSWER_CLASS, Field.IS_REFUSAL):
        if Field.RESPONSE not in columns:
            columns.pop(part, None)
    return ColumnMapping(columns)


def _plain(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")
