"""The import doctor: reports known faults of rows, and repairs those that the user selected.

Memory grows with the number of rows only, by about 130 bytes each, to find repeated ones.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter

from orbench_studio.formats.records import RowFault
from orbench_studio.formats.tables import Cells


class Fault(StrEnum):
    """A fault that OR-Bench's scripts, or a faulty copy, leave in a file."""

    CONTRADICTION = "contradiction"
    UNREADABLE_JUDGE = "unreadable-judge"
    CATEGORY_IS_PROMPT = "category-is-prompt"
    SEVERAL_PROMPTS = "several-prompts"
    DUPLICATE = "duplicate"
    REPEATED_HEADER = "repeated-header"
    MOJIBAKE = "mojibake"
    API_ERROR = "api-error"


OFFERS = {
    Fault.CONTRADICTION: "use the class that the moderator chose as the verdict; unparsed if it chose none",
    Fault.UNREADABLE_JUDGE: "use the class that the judge states; unparsed if it states none",
    Fault.CATEGORY_IS_PROMPT: "import the prompt without a category",
    Fault.SEVERAL_PROMPTS: "import each part as a prompt",
    Fault.DUPLICATE: "keep the first of the rows",
    Fault.REPEATED_HEADER: "skip the line",
    Fault.MOJIBAKE: "correct the encoding of the text",
    Fault.API_ERROR: "import the response as a failed request",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A known fault of a line, what the repair does (nothing if empty), and whether it was done."""

    fault: Fault
    line: int
    message: str
    offer: str
    mended: bool = False


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A fault of a row, and the repaired rows; `fatal` if the row cannot be imported without the repair."""

    fault: Fault
    message: str
    mended: Sequence[Cells]
    fatal: bool = False


Check = Callable[[Cells], Diagnosis | None]

_CONTENT = (1 << 61) - 1
# The first byte of a UTF-8 sequence and the bytes that follow it, as Windows-1252 and Latin-1 show them, or Mac Roman.
_SUSPECT = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]+"
    "|[‚√¬][ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø]+"
)


class Doctor:
    """Checks every row of a file before its reader gets it."""

    def __init__(
        self,
        header: Sequence[str],
        identity: Sequence[int],
        content: Collection[int],
        checks: Sequence[Check],
        mend: Collection[Fault],
    ) -> None:
        """`identity` are the columns of a row's subject, `content` all that are read."""
        self._header = list(header)
        self._read = sorted({*identity, *content})
        self._content = itemgetter(*identity, *content)
        self._checks = (self._repeated_header, self._mojibake, *checks)
        self._subject = itemgetter(*identity)
        self._mend = mend
        self._seen: dict[int, int] = {}
        self._notes: list[Finding | RowFault] = []

    def examine(self, line: int, cells: Cells) -> list[Cells]:
        """The rows to import instead of this one: itself, repaired ones, or none."""
        for check in self._checks:
            if check(cells) is not None:
                return [row for row in self._treated(line, cells) if self._is_first(line, row)]
        return [cells] if self._is_first(line, cells) else []

    def forget(self, cells: Cells) -> None:
        """Forget a row that was rejected: a row like it repeats nothing that is imported."""
        subject, content = hash(self._subject(cells)), hash(self._content(cells)) & _CONTENT
        if self._seen.get(subject, -1) >> 32 == content:
            del self._seen[subject]

    def notes(self) -> list[Finding | RowFault]:
        """The findings since the last call."""
        if not self._notes:
            return self._notes
        found, self._notes = self._notes, []
        return found

    def _treated(self, line: int, cells: Cells) -> list[Cells]:
        rows = [cells]
        for check in self._checks:
            rows = [taken for row in rows for taken in self._treat(line, row, check(row))]
        return rows

    def _treat(self, line: int, cells: Cells, diagnosis: Diagnosis | None) -> Sequence[Cells]:
        if diagnosis is None:
            return [cells]
        if self._note(diagnosis.fault, line, diagnosis.message):
            return diagnosis.mended
        if not diagnosis.fatal:
            return [cells]
        reason = f"{diagnosis.message}. The repair '{diagnosis.fault}' would {OFFERS[diagnosis.fault]}"
        self._notes.append(RowFault(line, reason))
        return []

    def _note(self, fault: Fault, line: int, message: str, *, helps: bool = True) -> bool:
        mended = helps and fault in self._mend
        self._notes.append(Finding(fault, line, message, OFFERS[fault] if helps else "", mended))
        return mended

    def _is_first(self, line: int, cells: Cells) -> bool:
        """False for a repeated row that is to be skipped: not one with the same content, which may be the latest.

        Earlier rows are stored as 61-bit hashes: with 2.5 million rows, two different ones collide once in 700,000
        files.
        """
        subject = hash(self._subject(cells))
        content = hash(self._content(cells)) & _CONTENT
        before = self._seen.setdefault(subject, -1)
        if before < 0:
            self._seen[subject] = content << 32 | line
            return True
        first = before & 0xFFFFFFFF
        same = before >> 32 == content
        how = "in all columns that are read" if same else "for the same subject, with other content"
        which = f"line {first}" if first != line else "an earlier row of its line"
        # The same content is stored once without the repair, too.
        return not self._note(Fault.DUPLICATE, line, f"the row repeats {which} {how}", helps=not same)

    def _repeated_header(self, cells: Cells) -> Diagnosis | None:
        if cells[0] != self._header[0] or cells != self._header:
            return None
        return Diagnosis(Fault.REPEATED_HEADER, "the header is repeated here", (), fatal=True)

    def _mojibake(self, cells: Cells) -> Diagnosis | None:
        if "".join(cells).isascii():
            return None
        for index in self._read:
            if not cells[index].isascii() and (found := _misread(cells[index])) is not None:
                message = f"{self._header[index]} has {found!r}, which is UTF-8 read as another encoding"
                return Diagnosis(Fault.MOJIBAKE, message, ([type(c)(_decoded(c)) for c in cells],))
        return None


def _misread(text: str) -> str | None:
    """The first characters that look like UTF-8 read as Windows-1252, if decoding them again makes a better text."""
    suspect = _SUSPECT.search(text)
    return suspect.group() if suspect and _decoded(text) != text else None


def _decoded(text: str) -> str:
    if text.isascii() or not _SUSPECT.search(text):
        return text
    import ftfy
    from ftfy.badness import badness

    decoded = ftfy.fix_encoding(text)
    return decoded if 2 * badness(decoded) <= badness(text) else text  # not texts that stay as they look
