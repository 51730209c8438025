"""Redaction of error texts from vendors and libraries: no key, one line, limited length."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from orbench_studio.providers.base import Answer, ProviderError, storable_text

_MAX_LENGTH = 300  # characters shown
_MAX_SEARCHED = 20_000  # characters; a page of megabytes would take seconds
_SECRET = 8  # characters of a key that must not be shown


class Redactor:
    """Shortens error texts and removes the key before cutting, also if the text contains only a part of it.

    No eight consecutive characters of a key are shown. A vendor's abbreviation such as `sk-...abcd` stays.
    """

    def __init__(self, key: str | None) -> None:
        letters = [_spellings(letter) for letter in "".join((key or "").split())]
        self._start = re.compile(r"\s*".join(letters[:_SECRET]), re.IGNORECASE) if letters else None
        self._rest = [re.compile(rf"\s*{letter}", re.IGNORECASE) for letter in letters[_SECRET:]]

    def __call__(self, text: str) -> str:
        """The text without the key, on one line, shortened."""
        text = text.strip()[:_MAX_SEARCHED]
        shown, place = [], 0
        while self._start and (found := self._start.search(text, place)):
            shown += [text[place : found.start()], "…"]
            place = found.end()
            for letter in self._rest:
                found = letter.match(text, place)
                if found is None:
                    break
                place = found.end()
        return storable_text(" ".join("".join([*shown, text[place:]]).split())[:_MAX_LENGTH])

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Redact every ProviderError that leaves the block."""
        try:
            yield
        except ProviderError as error:
            error.message = self(error.message)
            raise error from None  # its cause may contain the key

    def result(self, found: Answer | ProviderError) -> Answer | ProviderError:
        """Return an answer unchanged, or an error with a redacted message."""
        if isinstance(found, ProviderError):
            found.message = self(found.message)
        return found


def _spellings(letter: str) -> str:
    """A pattern for one character of a key: plain, and escaped as in JSON, HTML and URLs."""
    octets = "".join(f"%{octet:02x}" for octet in letter.encode("utf-8", "replace"))
    return rf"(?:\\?{re.escape(letter)}|\\u{ord(letter):04x}|{octets}|&#0*{ord(letter)};|&#x0*{ord(letter):x};)"
