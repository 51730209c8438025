"""The texts of the responses in the cells of a row: those that are there, and those that are missing."""

from typing import Any

from orbench_studio.formats import class_words, conversations, import_notes
from orbench_studio.formats.layout import Layout
from orbench_studio.formats.mapped_cells import MappedCells
from orbench_studio.formats.mapping import OF_RESPONSE, ColumnMapping, Field
from orbench_studio.formats.nested_paths import Get, alternatives, getter, lenient, plain
from orbench_studio.formats.reader_interface import Sheet
from orbench_studio.formats.tables import Cells, StatedText
from orbench_studio.formats.unread_parts import leaves


class MappedResponses(MappedCells):
    """The responses of a row. One that is missing is none, unless the row says something of it."""

    def __init__(self, sheet: Sheet, mapping: ColumnMapping, layout: Layout) -> None:
        super().__init__(sheet, mapping)
        header, path = sheet.header, mapping.columns.get(Field.RESPONSE, "")
        self._refusal, self._thought = (
            lenient(getter(header, of, self._parsed)) if of and alternatives(header, of) else None
            for of in (layout.refusal, layout.reasoning)
        )
        self._places = alternatives(header, path)
        self._parts = [
            (lenient(getter(header, each, self._parsed)), each not in header)
            for each in (path.split("|") if len(self._places) > 1 else (path,))
            if alternatives(header, each)
        ]
        self._may_be_missing = bool(self._places) and not layout.mapping.columns
        self._samples = 1  # the number of responses, also of missing ones, in the row that is being read

    def _begin(self) -> None:
        super()._begin()
        self._samples = 1

    def _texts(self, cells: Cells, prompt: str) -> dict[int, str]:
        """The responses to a prompt by their number in the cell, without missing ones of which it says nothing."""
        if self._has_no_responses(cells):
            return {}
        samples = conversations.samples(self._value(Field.RESPONSE, cells), prompt, self._columns[Field.RESPONSE])
        self._samples = len(samples)
        may_be_missing = self._may_be_missing or self._samples > 1
        texts = {
            at: text or ""
            for at, text in enumerate(samples, start=1)
            if text is not None or not may_be_missing or self._says_of(at, cells) or self._refused(at, cells)
        }
        if texts and (missing := len(samples) - len(texts)):
            self._later(self._tally.notes.update, {import_notes.MISSING_SAMPLES: missing})
        return texts

    def _says_of(self, number: int, cells: Cells) -> bool:
        """Whether a row says something of the n-th response beside its text."""
        for part in (*OF_RESPONSE, Field.EXPLANATION):
            value = self._value(part, cells) if part in self._columns else None
            if isinstance(value, list):
                value = value[number - 1] if number <= len(value) else None
            elif self._samples > 1 and part is not Field.ERROR:
                continue
            if value is not None and not class_words.is_no_error(plain(value, part)):
                return True
        return False

    def _has_no_responses(self, cells: Cells) -> bool:
        """Whether the list of responses is empty, or their cell, and the row says nothing else about a response."""
        found = self._value(Field.RESPONSE, cells)
        is_of_nulls = isinstance(found, list) and all(each is None for each in found)
        if found not in (None, "", {}) and not is_of_nulls:
            return False
        values = [(get(cells), is_inside) for get, is_inside in self._parts]
        if any(value == [] for value, _ in values):
            parts: tuple[Field, ...] = (Field.STOP_REASON, Field.ERROR)
        elif self._may_be_missing and not any(_is_stated(value, is_inside=is_inside) for value, is_inside in values):
            parts = (*OF_RESPONSE, Field.JUDGE)
        else:
            return False
        says = any(any(map(bool, leaves(self._value(part, cells)))) for part in parts if part in self._gets)
        return not says and not self._refused(1, cells)

    def _refused(self, number: int, cells: Cells) -> str | bool:
        """The text by which the vendor says that the model refused, or whether its flag does."""
        found = self._of(self._refusal, number, cells)
        found = next(leaves(found), None) if isinstance(found, list) else found
        return found if isinstance(found, str) else found is True

    def _reasoning(self, number: int, cells: Cells) -> str | None:
        found = self._of(self._thought, number, cells)
        return "\n".join(text for text in leaves(found) if isinstance(text, str)) or None

    def _of(self, get: Get | None, number: int, cells: Cells) -> Any:
        """What a path gives for the n-th response, if it has a value for each, or else for the only one."""
        found = get(cells) if get else None
        return found[number - 1] if isinstance(found, list) and len(found) == self._samples > 1 else found


def _is_stated(value: Any, *, is_inside: bool) -> bool:
    """Whether a cell, or the place inside one, states an empty response, and not none."""
    return value == {} or (value == "" and (is_inside or isinstance(value, StatedText)))
