"""Mappings: which column, or path inside a column, gives each field, and what its values mean."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

from orbench_studio.errors import DAMAGE
from orbench_studio.formats import class_words
from orbench_studio.formats.nested_paths import alternatives, of_other_item
from orbench_studio.formats.tables import listing


class Field(StrEnum):
    """A field of a record that a column, or one value for the whole file, can provide."""

    PROMPT = "prompt"
    SYSTEM = "system_prompt"
    CATEGORY = "category"
    SEED = "seed"
    KEY = "key"
    LABEL = "label"
    PROMPT_LABEL = "prompt_label"
    VERDICT = "verdict"
    PROMPT_VERDICT = "prompt_verdict"
    RESPONSE_VERDICT = "response_verdict"
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


VERDICTS = (Field.VERDICT, Field.PROMPT_VERDICT, Field.RESPONSE_VERDICT)
_NEEDS: Mapping[Field, tuple[Field, ...]] = {
    **dict.fromkeys(VERDICTS, (Field.MODERATOR,)),
    Field.RESPONSE: (Field.MODEL,),
}
_READ_WITH: Mapping[Field, tuple[tuple[Field, ...], ...]] = {
    Field.EXPLANATION: (
        *((part,) for part in VERDICTS),
        (Field.ANSWER_CLASS, Field.JUDGE),
        (Field.IS_REFUSAL, Field.JUDGE),
    ),
    Field.MODERATOR: tuple((part,) for part in VERDICTS),
    Field.JUDGE: ((Field.ANSWER_CLASS,), (Field.IS_REFUSAL,)),
    Field.REASON: ((Field.ANNOTATOR,),),
    Field.ANNOTATOR: (
        (Field.LABEL,),
        (Field.PROMPT_LABEL,),
        (Field.REASON,),
        (Field.ANSWER_CLASS,),
        (Field.IS_REFUSAL,),
    ),
}
"""Fields that store nothing alone, each with those of which it needs a set."""
OF_RESPONSE = (
    Field.MODEL, Field.SAMPLE, Field.ERROR, Field.STOP_REASON, Field.ANSWER_CLASS, Field.IS_REFUSAL,
    Field.RESPONSE_VERDICT,
)  # fmt: skip
_OF_ONE_ITEM: Mapping[Field, frozenset[Field]] = {
    **dict.fromkeys(OF_RESPONSE, frozenset({Field.RESPONSE})),
    **{part: frozenset(of for need in needs for of in need) for part, needs in _READ_WITH.items()},
}
"""The fields whose values stand in the same item of a list as that of a field."""
OF_EITHER = {Field.VERDICT: Field.PROMPT_VERDICT, Field.LABEL: Field.PROMPT_LABEL}
"""Fields that may be of the prompt or of the response beside it, each with the field that is of the prompt."""
NAMES = (Field.MODEL, Field.MODERATOR, Field.JUDGE, Field.ANNOTATOR)
VALUE_FIELDS = frozenset({Field.CATEGORY, Field.SYSTEM, *NAMES})
CODED = (Field.CATEGORY, Field.LABEL, Field.PROMPT_LABEL, *VERDICTS, Field.ANSWER_CLASS, Field.IS_REFUSAL)
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

    def with_meanings(self, given: Mapping[str, str], *, may_be_others: bool = False) -> Self:
        """A copy with meanings of values: of `COLUMN:VALUE` for that column, else for the fields that can have it.

        A meaning that another field can have is none of a category.

        Raises ValueError for a meaning that no mapped field can have, unless `may_be_others` that are not mapped.
        """
        found = {part: dict(of) for part, of in self.meanings.items()}
        words: dict[tuple[str, str], str] = {}
        places: dict[tuple[str, str], Field] = {(part, path): part for part, path in self.columns.items()}
        for stated, meaning in sorted(given.items(), key=lambda pair: bool(scoped(pair[0], places)[0])):
            named, value = scoped(stated, places)
            if words.setdefault((str(named), class_words.word(value)), meaning) != meaning:
                raise ValueError(f"{stated!r} is the same value as another one with another meaning")
            parts = [places[place] for place in named] or list(self.columns)
            fields = [part for part in CODED if part in parts and can_mean(part, meaning)]
            if not named and fields != [Field.CATEGORY]:  # any word can be a category
                fields = [part for part in fields if part is not Field.CATEGORY]
            if not fields and not may_be_others:
                options = dict.fromkeys(option for part in CODED if part in parts for option in _meanings(part))
                able = f"The mapped columns can mean {listing(list(options))}. " if options else ""
                raise ValueError(f"no mapped column can mean {meaning!r}. {able}Map the column that has the value")
            for part in fields:
                of = meaning if part is not Field.IS_REFUSAL else class_words.refusal(meaning, part) or meaning
                found.setdefault(part, {})[class_words.word(value)] = of
        return replace(self, meanings=found)

    def problems(self, header: Sequence[str], *, has_responses: bool = False) -> list[str]:
        """Why a file with this header cannot be read with this mapping; empty if it can.

        It may have responses without a column that is mapped to them.
        """
        missing = sorted({path for path in self.columns.values() if not path or not alternatives(header, path)})
        found = [f"there is no column {', '.join(missing)}; the file has {listing(header)}"] if missing else []
        if Field.PROMPT not in self.columns:
            found.append(f"no column is mapped to prompt; the file has {listing(header)}")
        if Field.RESPONSE in self.columns or has_responses:
            found += [
                f"{part} ({self.columns[part]}) may be of the prompt or of the response: map it to {of_prompt} or "
                f"{Field.RESPONSE_VERDICT}"
                for part, of_prompt in OF_EITHER.items()
                if part in self.columns and "prompt" not in class_words.word(self.columns[part])
            ]
        if {Field.LABEL, Field.PROMPT_LABEL} <= self.columns.keys():
            found.append(f"{Field.LABEL} and {Field.PROMPT_LABEL} are both the label of the prompt: map one")
        fixed = sorted(set(self.values) - VALUE_FIELDS)
        if fixed:
            found.append(f"{', '.join(fixed)} needs a column, not one value for all rows")
        found += [
            f"{part} ({self.columns[part]}) and {of} ({self.columns[of]}) are in different items of a list: map one"
            for part, others in _OF_ONE_ITEM.items()
            for of in sorted(others & self.columns.keys())
            if part in self.columns and of_other_item(header, self.columns[part], self.columns[of])
        ]
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


def scoped(stated: str, places: Iterable[tuple[str, str]]) -> tuple[list[tuple[str, str]], str]:
    """The columns, of these fields and paths, that `COLUMN:VALUE` names, and the value; none for a value of any column.

    COLUMN is the path of a column or the name of its field.
    """
    named = [
        (place, name)
        for place in places
        for name in (*place, place[1].partition("|")[0])
        if stated.startswith(f"{name}:")
    ]
    longest = max((len(name) for _, name in named), default=-1)
    return list(dict.fromkeys(place for place, name in named if len(name) == longest)), stated[longest + 1 :]


def can_mean(part: Field, meaning: str) -> bool:
    """Whether a value of a field can stand for this; an empty meaning ignores the value."""
    if not meaning:
        return True
    if part is Field.ANSWER_CLASS:
        return class_words.answer_class(meaning) is not None
    if part is Field.IS_REFUSAL:
        return class_words.refusal(meaning, part) is not None
    if part is Field.CATEGORY:
        return class_words.word(meaning) not in class_words.LABELS or class_words.word(meaning) == "harmful"
    return meaning in _meanings(part)


def _meanings(part: Field) -> Sequence[str]:
    """What the values of a field can mean, except for a category, which any word can be."""
    if part in (Field.ANSWER_CLASS, Field.IS_REFUSAL):
        return list(dict.fromkeys(found.value for found in class_words.ANSWER_CLASSES.values()))
    if part is Field.CATEGORY:
        return ()
    return ("safe", "toxic", "controversial" if part in (Field.LABEL, Field.PROMPT_LABEL) else "unparsed")
