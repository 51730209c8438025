"""The cells of a row through a mapping of its columns: values by field, names, and what the values mean."""

from collections.abc import Callable, Container, Mapping
from functools import partial
from typing import Any, NoReturn

from orbench_studio.domain.core.category import Category
from orbench_studio.formats import class_words, conversations
from orbench_studio.formats.api_errors import is_nothing
from orbench_studio.formats.file_mapping import names_of
from orbench_studio.formats.import_notes import NOT_FAILED
from orbench_studio.formats.mapping import NAMES, OF_RESPONSE, ColumnMapping, Field
from orbench_studio.formats.name_columns import name_columns, values_in
from orbench_studio.formats.nested_paths import (
    COLUMN,
    Get,
    Parsed,
    alternatives,
    getter,
    lenient,
    of_other_item,
    parsed_text,
    plain,
    sizes_of,
    within_or_none,
)
from orbench_studio.formats.reader_interface import Sheet
from orbench_studio.formats.records import Record, RowError
from orbench_studio.formats.tables import Cells
from orbench_studio.formats.tally import EMPTY, NO_CATEGORY, NOT_READ, REJECTED, ROW_REJECTED, ColumnTally, UnreadNames
from orbench_studio.formats.usual_meanings import asked_meaning, displaced, usual

_TEN = frozenset(map(str, Category))
_MAY_BE_NOTHING = frozenset({*NAMES, Field.KEY, Field.SYSTEM, Field.SEED})
"""Fields in which a word such as nan or None, as pandas writes a missing value, stands for an empty cell."""
_IDENTIFIERS = (*NAMES, Field.KEY)
_TEXTS = frozenset({Field.PROMPT, Field.KEY, Field.SYSTEM, Field.EXPLANATION, Field.REASON, Field.SAMPLE, Field.ERROR})
"""Fields whose values are counted as texts."""
_OF_EACH = (Field.ANSWER_CLASS, Field.IS_REFUSAL, Field.RESPONSE_VERDICT, Field.EXPLANATION)
"""Fields whose value may be one for each response, or one for all of them."""
_REQUIRED = {
    Field.PROMPT: partial(conversations.require_turns, "user"),
    Field.RESPONSE: partial(conversations.require_turns, "assistant"),
    Field.SYSTEM: partial(conversations.require_turns, "system"),
}
_NO_RESPONSE = "the row has no response or model"
_NOT_MAPPED = "no column is mapped to response"
_WHY: Mapping[Field, str] = {
    Field.SYSTEM: "the conversation has a system prompt of its own",
    Field.MODERATOR: "the row has no verdict that is stored",
    Field.EXPLANATION: "the row has no verdict, and no answer class of a judge, that is stored",
    Field.JUDGE: "the row has no answer class that is stored",
    Field.ANNOTATOR: "the row has no label, answer class or reason that is stored",
    Field.REASON: "the row has no annotator",
    Field.ERROR: NOT_FAILED,
    Field.STOP_REASON: "the request failed",
}
"""Why a row that has the value of a field may not store it."""


class MappedCells:
    """The cells of a row by field, through a mapping. Every value is counted with what it became."""

    def __init__(self, sheet: Sheet, mapping: ColumnMapping) -> None:
        self._tally = sheet.tally
        self._header = sheet.header
        self._columns = mapping.columns
        self._values = mapping.values
        self._names = {**names_of(sheet.options), **{part: of for part, of in mapping.values.items() if part in NAMES}}
        self._meanings = mapping.meanings
        self._displaced = displaced(mapping.meanings, mapping.columns)
        self._parsed = Parsed()
        columns = mapping.columns.items()
        self._gets: dict[Field, Get] = {
            part: getter(sheet.header, path, self._parsed, _REQUIRED.get(part)) for part, path in columns
        }
        self._inside = [self._gets[part] for part, path in columns if path not in sheet.header]
        self._tallies: dict[Field, ColumnTally] = {
            part: sheet.tally.column(part, path.partition("|")[0]) for part, path in columns
        }
        for part, tally in self._tallies.items():
            tally.stated |= mapping.meanings.get(part, {})
        self._beside = [part for part in {**dict.fromkeys(OF_RESPONSE), **_WHY} if part in self._tallies]
        # what the row that is being read counts, unless it is rejected
        self._outcomes: list[tuple[ColumnTally, str, str]] = []
        self._counts: list[tuple[Callable[..., None], tuple[Any, ...]]] = []
        self._counted: set[Field] = set()
        path = mapping.columns.get(Field.RESPONSE, "")
        of_one = (Field.PROMPT, *OF_RESPONSE, Field.EXPLANATION, Field.JUDGE)
        self._of_one = [  # of one response, where a row may have several
            (part, at) for part in of_one if (at := mapping.columns.get(part, ""))
            and path and of_other_item(sheet.header, at, path, than_each=True)
        ]  # fmt: skip
        self._prompt_places = alternatives(sheet.header, mapping.columns.get(Field.PROMPT, ""))
        self._unread_names = {part: unread for part in self._names if (unread := self._unread(sheet, part)) is not None}

    def _unread(self, sheet: Sheet, part: Field) -> UnreadNames | None:
        """The columns that may have the names of a field, for which one name is used."""
        paths = name_columns(part, sheet.header, sheet.first_rows(), sheet.bound)
        paths = [path for path in paths if path not in {p for of in self._columns.values() for p in of.split("|")}]
        if not paths:
            return None
        return sheet.tally.unread_names.setdefault(part, UnreadNames(part, sheet.header, paths))

    def _begin(self) -> None:
        self._outcomes.clear()
        self._counts.clear()
        self._counted.clear()

    def _require_values(self, cells: Cells) -> None:
        """Raise RowError where a path cannot be followed, also of a field that the row does not need."""
        for get in self._inside:
            get(cells)

    def _later(self, count: Callable[..., None], *values: Any) -> None:
        """Count something of this row, unless it is rejected."""
        self._counts.append((count, values))

    def _note(self, text: str) -> None:
        self._later(self._tally.notes.update, (text,))

    def _settle(self, record: Record, cells: Cells) -> None:
        """Count what became of each value of a row, now that its record shows what is stored."""
        stored = {*values_in(record)} if self._beside or self._unread_names else set()
        for part in self._beside:
            if part not in self._counted:
                self._count_other(part, stored, bool(record.responses), cells)
        for part, unread in self._unread_names.items():
            if not (part in self._gets and self._stated(part, cells)) and (part, self._names[part]) in stored:
                unread.add(self._names[part], cells)
        for tally, stated, became in self._outcomes:
            tally.add(stated, became)
        for count, values in self._counts:
            count(*values)

    def _reject(self) -> None:
        """Count the values of a rejected row that had a known meaning."""
        for tally, stated, _ in self._outcomes:
            if stated != EMPTY:
                tally.add(stated, ROW_REJECTED)

    def _count_other(self, part: Field, stored: Container[tuple[str, str]], answered: bool, cells: Cells) -> None:
        """Count the value of a field that a row can have without storing it."""
        value = self._value(part, cells)
        is_each = part is Field.EXPLANATION and isinstance(value, list)
        for stated in [self._plain(part, each) for each in value] if is_each else [self._shown(part, cells)]:
            self._count_value(part, stated, stored, answered, cells)

    def _count_value(
        self, part: Field, stated: str, stored: Container[tuple[str, str]], answered: bool, cells: Cells
    ) -> None:
        tally = self._tallies[part]
        became = (stated.strip() or self._names.get(part, "")) if part in NAMES else stated
        if part is Field.ERROR and class_words.is_no_error(stated):
            stated = ""
        is_stored = (part, became) in stored or (part is Field.SAMPLE and answered)
        if part in _TEXTS:
            tally.add_text(stated)
        elif stated or is_stored:
            tally.add(stated or EMPTY, became if is_stored else NOT_READ)
        else:
            tally.add_empty()
        if stated and not is_stored:
            is_conversation = conversations.read(self._value(Field.PROMPT, cells)) is not None
            missing = _NO_RESPONSE if Field.RESPONSE in self._gets or is_conversation else _NOT_MAPPED
            no_response = not answered and part in OF_RESPONSE
            tally.not_stored[missing if no_response else _WHY.get(part, missing)] += 1

    def _shown(self, part: Field, cells: Cells) -> str:
        """What a cell states, also if it is no text."""
        try:
            return self._stated(part, cells)
        except RowError:
            return str(lenient(self._gets[part])(cells) or "")

    def _stated(self, part: Field, cells: Cells) -> str:
        """The text in a cell, unchanged; empty for white space."""
        text = self._text(part, cells)
        return text if text.strip() else ""

    def _value(self, part: Field, cells: Cells) -> Any:
        return get(cells) if (get := self._gets.get(part)) is not None else self._values.get(part, "")

    def _text(self, part: Field, cells: Cells) -> str:
        value = self._value(part, cells)
        if part is Field.SYSTEM and isinstance(value, list) and not all(isinstance(each, str) for each in value):
            return conversations.text(value, "system prompt", self._columns[part])
        text = value if isinstance(value, str) else self._plain(part, value)
        if part in _IDENTIFIERS and (printed := parsed_text(text)) is not None:
            return self._plain(part, printed)  # which rejects the row: a printed list or object is not one name
        return "" if part in _MAY_BE_NOTHING and is_nothing(text) else text

    def _plain(self, part: Field, value: Any) -> str:
        return plain(value, part.replace("_", " "), self._columns.get(part, COLUMN).partition("|")[0])

    def _who(self, part: Field, cells: Cells) -> str:
        """The name that the row has, or else the one of the options or of the format."""
        stated = self._text(part, cells).strip() if part in self._gets else ""
        return stated or self._names.get(part, "")

    def _name(self, part: Field, cells: Cells) -> str:
        name = self._who(part, cells)
        if not name:
            raise RowError(f"the {part} is empty", part)
        return name

    def _count(self, part: Field, stated: str, became: str) -> None:
        if part in self._tallies:
            self._counted.add(part)
            self._outcomes.append((self._tallies[part], stated, became))

    def _count_category(self, stated: str, found: str | None) -> None:
        """Count a category, also one that stands for none."""
        if found is None and not stated.strip():
            self._count_empty(Field.CATEGORY)
        elif found is None:
            self._count(Field.CATEGORY, stated, NO_CATEGORY)
        else:
            self._count(Field.CATEGORY, stated, found if found in _TEN else f"own category: {found}")

    def _count_text(self, part: Field, text: str) -> None:
        if part in self._tallies:
            self._counted.add(part)
            self._later(self._tallies[part].add_text, text)

    def _count_empty(self, part: Field, *, is_empty: bool = True) -> None:
        if part in self._tallies and is_empty:
            self._counted.add(part)
            self._later(self._tallies[part].add_empty)

    def _meaning(self, part: Field, stated: str) -> str | None:
        of = self._meanings.get(part)
        return of.get(class_words.word(stated)) if of and stated else None

    def _usual(self, part: Field, stated: str) -> str | None:
        """What a value means if nobody says what; asked where the user gave another one the opposite meaning."""
        found = usual(part, stated, self._columns[part])
        return self._ask(part, stated) if found is not None and part in self._displaced else found

    def _ask(self, part: Field, stated: str) -> NoReturn:
        self._tallies[part].add(stated, REJECTED)
        raise asked_meaning(part, stated, self._columns[part].partition("|")[0])

    def _sample_of(self, part: Field, number: int, cells: Cells) -> str:
        """The value for the n-th sample, where the cell has one for each; else that of all."""
        value = self._value(part, cells)
        if isinstance(value, list) and number <= len(value):
            value = value[number - 1]
        return self._plain(part, value)

    def _is_later_turn(self, cells: Cells) -> bool:
        """Whether the prompt is a turn in a list of several, of which it is not the first."""
        for at, steps in self._prompt_places[:1]:
            names = (self._header[at], *steps)
            for count in (count for count, step in enumerate(steps) if step.isdigit()):
                around = within_or_none(self._parsed.value(at, cells[at]), steps[:count])
                if conversations.follows_turns(around, int(steps[count]), names[count].rpartition(".")[2]):
                    return True
        return False

    def _require_each(self, count: int, cells: Cells) -> None:
        """Raise RowError for values that are not one for each response; count a value that is for all."""
        path = self._columns.get(Field.RESPONSE, "")
        for part, at in self._of_one if count > 1 else ():
            raise RowError(f"there are {count} responses in {path}, but {at} ({part}) is of one. Name one response too")
        for place, steps in self._prompt_places if count > 1 else ():
            prompts = within_or_none(self._parsed.value(place, cells[place]), steps[:-1]) if steps else None
            is_of_turns = self._columns[Field.PROMPT].rpartition(".")[0].endswith("turns")
            if not steps or not steps[-1].isdigit() or is_of_turns or not isinstance(prompts, list):
                continue
            if len(prompts) == count and len({*map(type, prompts)}) == 1:  # else a text with its settings
                reason = f"there are {count} responses in {path}, and as many parts beside"
                raise RowError(f"{reason} {self._columns[Field.PROMPT]}. Read both as rows, or name one response")
        for part in (*_OF_EACH, Field.STOP_REASON, Field.ERROR, Field.SAMPLE, Field.REASON, Field.MODEL):
            value = self._value(part, cells) if part in self._columns else None
            if isinstance(value, list) and len(value) != count:
                responses = "is 1 response" if count == 1 else f"are {count} responses"
                values = f"{len(value)} value{'s' * (len(value) != 1)} in {self._columns[part]}"
                raise RowError(f"there {responses}, but {values} ({part}). Name a path inside it, or leave it out")
            if (
                isinstance(value, list)
                and count > 1
                and sizes_of(value) != sizes_of(self._value(Field.RESPONSE, cells))
            ):
                text = f"the values in {self._columns[part]} ({part}) do not stand in lists of the same lengths as"
                raise RowError(f"{text} those in {self._columns[Field.RESPONSE]}. Leave them out, or read them as rows")
            if part in _OF_EACH and count > 1 and value and not isinstance(value, list):
                self._note(f"rows whose {part.replace('_', ' ')} is used for each of their responses")
