"""What the first cells of a column show: texts or codes, one text or many, and how they relate to another column."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Any, TypeVar

from orbench_studio.domain.core.annotation import Label
from orbench_studio.formats import class_words, conversations
from orbench_studio.formats.column_names import ROUNDS, may_be_response, plain_name
from orbench_studio.formats.nested_paths import parsed_text, within_or_none
from orbench_studio.formats.records import RowError
from orbench_studio.formats.row_guard import nested
from orbench_studio.formats.tables import NestedCell
from orbench_studio.formats.tally import REFUSAL, is_dialogue, is_nested

_WORDS = 3  # from which a text is a sentence,
_LETTERS = 6  # or so many letters of a script that writes no spaces
_FEW, _MANY = 10, 20  # so many distinct short values in so many rows are classes
_BEGINNING = 200  # characters in which a refusal begins
_BY_CHANCE = 0.01  # share of other texts that have its words
_REPEATS = 5  # rows with one text only
_MOST = 0.5
_SPLITS = 10  # so many rows, of which one differs
_DEPTH, _ITEMS = 5, 5  # levels of a nested value, and items of each list, that are looked into
_OVERLAP = 0.6  # share of common words from which one text is a variant of another

Part = TypeVar("Part")


class ColumnEvidence:
    """The cells of a column, of the first rows of a file."""

    def __init__(self, name: str, cells: Sequence[str]) -> None:
        self.name = name
        self.cells = cells
        self.filled = [cell for cell in cells if cell.strip() not in ("", "[]")]

    @property
    def is_sparse(self) -> bool:
        """Whether most rows have nothing in the column."""
        return 2 * len(self.filled) < len(self.cells)

    @property
    def is_nested(self) -> bool:
        """Whether a cell holds a list or an object."""
        return any(isinstance(cell, NestedCell) for cell in self.filled)

    @property
    def has_objects_or_lists(self) -> bool:
        """Whether a cell holds a list or an object, also as a text."""
        return any(cell[:1] in ("[", "{") for cell in self.filled)

    @property
    def has_objects(self) -> bool:
        return any(isinstance(cell, NestedCell) and cell[:1] == "{" for cell in self.filled)

    @cached_property
    def texts(self) -> Sequence[str]:
        """The cells; of a conversation what the user says last, of a list its texts."""
        return [_asked(cell) for cell in self.cells] if self.is_nested else self.cells

    @cached_property
    def has_sentences(self) -> bool:
        """Whether most cells are texts of several words."""
        return _mostly(is_sentence, [text for text in self.texts if text.strip()])

    @cached_property
    def is_constant(self) -> bool:
        """Whether all of several rows have the same text."""
        return len(self.filled) >= _REPEATS and len(set(self.filled)) == 1

    @cached_property
    def is_coded(self) -> bool:
        """Whether every cell is a number, an identifier or a word for a class, or a few short values return."""
        if not self.filled or self.is_nested:
            return False
        values = {cell.strip() for cell in self.filled}
        short = len(self.filled) >= _MANY and all(len(value.split()) < _WORDS for value in values)
        return (short and len(values) <= _FEW) or all(
            _is_class(value) or class_words.is_identifier(value) for value in values
        )

    def paths(self) -> Iterator[str]:
        """The name of the column, and the paths in its first cell that has something."""
        yield self.name
        with suppress(RowError, ValueError):
            yield from _paths(self.name, parsed_text(self.filled[0]) if self.filled else None, _DEPTH)

    def names_inside(self, steps: Sequence[str] = ()) -> list[str]:
        """The names of the texts in a list of objects, of no conversation, at these steps inside the cells."""
        first = next((cell for cell in self.filled if isinstance(cell, NestedCell)), None)
        value = within_or_none(nested(first), steps) if first is not None else None
        rows = value if isinstance(value, list) and not conversations.is_conversation(value) else []
        texts = rows[0].items() if rows and isinstance(rows[0], dict) else ()
        return [name for name, text in texts if is_sentence(str(text))]

    @property
    def has_names(self) -> bool:
        """Whether every cell is one word, such as the name of a behavior."""
        return bool(self.filled) and all(cell.isascii() and cell.strip().isalnum() for cell in self.filled)

    @cached_property
    def has_classes(self) -> bool:
        """Whether every cell is a number, yes or no, or a word for a class."""
        return bool(self.filled) and not self.is_nested and all(map(_is_class, set(self.filled)))

    @cached_property
    def names_classes(self) -> bool:
        """Whether a cell is a word for a class."""
        return any(_is_class(cell) and not class_words.is_bare(cell) for cell in set(self.filled))

    @cached_property
    def has_both_labels(self) -> bool:
        """Whether every cell is a word for safe or toxic, and both occur."""
        labels = [class_words.LABELS.get(class_words.word(cell)) for cell in set(self.filled)]
        return None not in labels and {Label.SAFE, Label.TOXIC} <= set(labels)

    @property
    def has_refusals(self) -> bool:
        """Whether so many cells begin as refusals do, that it is not by chance."""
        refusals = sum(REFUSAL.search(cell[:_BEGINNING]) is not None for cell in self.filled)
        return refusals > _BY_CHANCE * len(self.filled)

    def has_structures(self, begins: str) -> bool:
        """Whether most cells are texts that are lists or objects, which begin so, but no conversations."""
        return not self.is_nested and _mostly(
            lambda cell: cell[:1] in begins and is_nested(cell) and not _asked_of(cell), self.filled
        )

    @cached_property
    def has_dialogues(self) -> bool:
        """Whether most cells have the turns of a user and of a model in one text."""
        return not self.is_nested and _mostly(is_dialogue, self.filled)

    def mostly(self, holds: Callable[[str], bool]) -> bool:
        """Whether something holds for most cells that are not empty."""
        return _mostly(holds, self.filled)

    def differs_from(self, other: "ColumnEvidence") -> bool:
        """Whether a row has other texts in the two columns."""
        return any(mine.strip() != its.strip() for mine, its in zip(self.texts, other.texts, strict=True))

    def splits(self, other: "ColumnEvidence") -> bool:
        """Whether rows with the same text in another column often differ in this one."""
        first: dict[str, str] = {}
        repeated = differing = 0
        for its, mine in zip(other.texts, self.cells, strict=True):
            if mine.strip() and its in first:
                repeated += 1
                differing += mine != first[its]
            elif mine.strip():
                first[its] = mine
        return _SPLITS * differing > repeated

    def numbers(self, other: "ColumnEvidence") -> bool:
        """Whether texts of another column return, and each always with the same of several values of this one."""
        pairs = {*zip(other.texts, self.cells, strict=True)}
        return len(pairs) == len({*other.texts}) < len(self.cells) and len({*self.cells}) > 1

    def varies(self, other: "ColumnEvidence") -> bool:
        """Whether most rows have variants of one text in the two columns, such as a question and its paraphrase."""
        return self.has_sentences and _mostly(
            lambda pair: _is_variant(*pair), list(zip(self.texts, other.texts, strict=True))
        )


def _paths(path: str, value: Any, depth: int) -> Iterator[str]:
    parts = [(str(at), inner) for at, inner in enumerate(value[:_ITEMS])] if isinstance(value, list) else []
    for name, inner in value.items() if isinstance(value, dict) else parts:
        yield f"{path}.{name}"
        yield from _paths(f"{path}.{name}", inner, depth - 1) if depth else ()


def _mostly(holds: Callable[[Part], bool], parts: Sequence[Part]) -> bool:
    return sum(map(holds, parts)) > _MOST * len(parts)


def is_sentence(text: str) -> bool:
    """Whether a text has several words, or is one of a script that writes no spaces."""
    letters = sum(letter > "\u0e00" for letter in text) if not text.isascii() else 0
    return len(text.split()) >= _WORDS or letters >= _LETTERS


def rounds_in(columns: Iterable[ColumnEvidence]) -> str:
    """The name of the column that numbers the rounds of conversations; empty if there is none."""
    able = (of for of in columns if plain_name(of.name) in ROUNDS and of.filled and not of.is_constant)
    return next((of.name for of in able if all(map(str.isdigit, of.filled))), "")


def has_responses(of: ColumnEvidence, *, is_named: bool = True) -> bool:
    """Whether a column has texts of a model: by its name, unless that does not count, or inside its cells."""
    if not of.has_objects_or_lists:
        return is_named and may_be_response(of.name) and of.has_sentences
    with suppress(RowError, ValueError):
        return any(_has_response(of.name if is_named else "", parsed_text(cell), _DEPTH) for cell in of.filled)
    return False


def _has_response(name: str, value: Any, depth: int) -> bool:
    """Whether a value is a text of a model, by its name, or has one inside."""
    if isinstance(value, str):
        return may_be_response(name) and is_sentence(value)
    if conversations.has_turn_of_model(value) or not depth:
        return depth > 0
    inner = [(name, each) for each in value[:_ITEMS]] if isinstance(value, list) else []
    inner = [*value.items()] if isinstance(value, dict) else inner
    return any(_has_response(str(of), each, depth - 1) for of, each in inner)


def _is_class(value: str) -> bool:
    """Whether a value is a number, yes or no, or a known word for a label or an answer class."""
    is_word = class_words.answer_class(value) is not None or class_words.word(value) in class_words.LABELS
    return is_word or class_words.is_bare(value)


def _is_variant(mine: str, its: str) -> bool:
    """Whether one text contains the other, or most words of the shorter one."""
    short, long = sorted((mine.lower().strip(), its.lower().strip()), key=len)
    if not is_sentence(short) or short == long:
        return False
    if short in long:
        return True
    words, others = set(re.findall(r"\w+", short)), set(re.findall(r"\w+", long))
    return len(words & others) > _OVERLAP * len(words | others)


def _asked(cell: str) -> str:
    if not isinstance(cell, NestedCell):
        return cell
    value = nested(cell)
    if isinstance(value, list) and value and all(isinstance(text, str) for text in value):
        return "\n".join(value)
    return _asked_of(value)


def _asked_of(value: Any) -> str:
    """What the user says last in a conversation; empty for any other value."""
    with suppress(RowError):
        return getattr(conversations.read(value), "prompt", "")
    return ""
