"""Error texts from outside (a vendor, a library) as they may be shown: without the key, on one line, cut short."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from orbench_studio.providers.base import Answer, AskError, whole_text

_LONGEST = 300  # characters of a text that are worth showing
_LOOKED_AT = 20_000  # characters; a page of megabytes would take seconds
_SECRET = 8  # characters of a key


class Redactor:
    """Shortens what others say. The key is replaced before anything is cut, and what others cut of it is replaced too.

    So no eight characters of a key are shown. A vendor's own way of naming a key, `sk-...abcd`, stays.
    """

    def __init__(self, key: str | None) -> None:
        letters = [_spellings(letter) for letter in "".join((key or "").split())]
        self._start = re.compile(r"\s*".join(letters[:_SECRET]), re.IGNORECASE) if letters else None
        self._rest = [re.compile(rf"\s*{letter}", re.IGNORECASE) for letter in letters[_SECRET:]]

    def __call__(self, text: str) -> str:
        """The text as it may be shown."""
        text = text.strip()[:_LOOKED_AT]
        shown, place = [], 0
        while self._start and (found := self._start.search(text, place)):
            shown += [text[place : found.start()], "…"]
            place = found.end()
            for letter in self._rest:
                found = letter.match(text, place)
                if found is None:
                    break
                place = found.end()
        return whole_text(" ".join("".join([*shown, text[place:]]).split())[:_LONGEST])

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Every AskError that leaves the block is told so."""
        try:
            yield
        except AskError as error:
            error.message = self(error.message)
            raise error from None  # what caused it may hold the key

    def result(self, found: Answer | AskError) -> Answer | AskError:
        """An answer as it is; an error told so."""
        if isinstance(found, AskError):
            found.message = self(found.message)
        return found


def _spellings(letter: str) -> str:
    """A pattern for one character of a key: as it is, and as JSON, HTML and addresses may escape it."""
    octets = "".join(f"%{octet:02x}" for octet in letter.encode("utf-8", "replace"))
    return rf"(?:\\?{re.escape(letter)}|\\u{ord(letter):04x}|{octets}|&#0*{ord(letter)};|&#x0*{ord(letter):x};)"
