"""What the values of a mapped column usually mean, and which columns the user reads the other way round."""

from collections.abc import Mapping

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.formats import class_words
from orbench_studio.formats.mapping import VERDICTS, Field
from orbench_studio.formats.records import VALUE, RowError

Meaning = Label | Verdict | AnswerClass
_POSITIVE = {Label.SAFE.value, AnswerClass.DIRECT_ANSWER.value}
_NEGATIVE = {Label.TOXIC.value} | {
    found.value for found in class_words.ANSWER_CLASSES.values() if found is not AnswerClass.DIRECT_ANSWER
}
_OF_CLASSES = (Field.ANSWER_CLASS, Field.IS_REFUSAL)
_LONGEST_VALUE = 200  # characters of a value that can be given a meaning


def usual(part: Field, stated: str, column: str) -> Meaning | None:
    """What a value means in a column of this name, if nobody says what; None if that is not known."""
    if part is Field.ANSWER_CLASS:
        return class_words.answer_class(stated)
    if part is Field.IS_REFUSAL:
        return class_words.refusal(stated, column, is_asked=class_words.says_nothing(column))
    if part in (Field.LABEL, Field.PROMPT_LABEL):
        return class_words.label(stated, column)
    return class_words.verdict(stated, column) if part in VERDICTS else None


def displaced(meanings: Mapping[Field, Mapping[str, str]], columns: Mapping[Field, str]) -> frozenset[Field]:
    """The fields in which a value was given the opposite of its usual meaning.

    The usual meanings of their other values cannot be relied on: two opposite values would have one meaning.
    """
    return frozenset(
        part
        for part, of in meanings.items()
        if part in columns and any(_are_opposite(usual(part, stated, columns[part]), of[stated]) for stated in of)
    )


def asked_meaning(part: Field, stated: str, column: str) -> RowError:
    """The question about a value whose meaning nobody said."""
    name = part.replace("_", " ")
    if len(stated) > _LONGEST_VALUE:
        return RowError(f"the {name} is a text, {class_words.shortened(stated)}. Map the column of the classes")
    examples = ("direct_answer", "direct_refusal") if part in _OF_CLASSES else ("safe", "toxic")
    options = " or ".join(f"{stated}={example}" for example in examples)
    return RowError(f"the value {stated!r} of {column} ({part}) is unknown. Set the meaning: {options}", VALUE)


def _are_opposite(found: Meaning | None, given: str) -> bool:
    if found is None:
        return False
    named = class_words.answer_class(given)
    sides = {found.value, named.value if named else given}
    return bool(sides & _POSITIVE) and bool(sides & _NEGATIVE)
