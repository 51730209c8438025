"""Find the encoding of a text, and notice where another one than the named one is far likelier."""

import codecs
from collections.abc import Iterable
from typing import BinaryIO

_SAMPLE = 32_000  # bytes of lines with characters beyond ASCII
_LOOKED_AT = 16 * 2**20  # bytes of the file
_USUAL = ("cp1252", "gb18030", "cp932", "cp949", "big5", "euc_jp", "cp1251", "koi8_r", "cp1250")
_NAMES = {"cp932": "shift_jis"}
_SHOWN = 40  # characters of an example
_FEWEST = 4  # characters that the bytes of another multibyte encoding seldom form by chance
_MESSIER, _LESS_COHERENT = 0.1, 0.3  # differences from which another encoding is far likelier


def likelier(stream: BinaryIO, named: str | None) -> str | None:
    """The encoding that this text has more likely than the named one; None if there is none.

    A text whose bytes beyond ASCII are all UTF-8 is UTF-8. Else the measures of charset-normalizer count: how many
    characters of the decoded text seldom stand together, and how much its letters are those of a language.
    """
    lines = _beyond_ascii(stream)
    if not lines:
        return None
    sample = b"\n".join(lines)
    is_multibyte = named is not None and len(sample.decode(named, "replace")) < len(sample)
    if _utf8_characters(lines) >= (_FEWEST if is_multibyte else 1):
        return "utf-8"
    found = {name: measures for name in _USUAL if (measures := _measures(sample, name)) is not None}
    if not found:
        return None
    best = min(found, key=lambda name: (round(found[name][0], 1), -found[name][1]))
    if named is not None:
        mess, coherence = _measures(sample, named) or (1.0, 0.0)
        if mess - found[best][0] <= _MESSIER and found[best][1] - coherence <= _LESS_COHERENT:
            return None
    return _NAMES.get(best, best)


def beyond_ascii(stream: BinaryIO, encoding: str) -> tuple[int, str]:
    """The number of lines with characters beyond ASCII, and the words that have some in the first of them."""
    count, example = 0, ""
    for line in stream:
        if not line.isascii():
            count += 1
            words = line.decode(encoding, "replace").split() if not example else []
            example = example or " ".join(word for word in words if not word.isascii())[:_SHOWN]
    return count, example


def _beyond_ascii(stream: BinaryIO) -> list[bytes]:
    lines: list[bytes] = []
    size = read = 0
    while size < _SAMPLE and read < _LOOKED_AT and (line := stream.readline(_SAMPLE)):
        read += len(line)
        if not line.isascii():
            lines.append(line.rstrip(b"\r\n"))
            size += len(line)
    return lines


def _utf8_characters(lines: Iterable[bytes]) -> int:
    """How many characters beyond ASCII the lines have as UTF-8; none if they are not."""
    decoder, count = codecs.getincrementaldecoder("utf-8")(), 0
    try:
        for line in lines:
            count += sum(character > "\x7f" for character in decoder.decode(line))
    except UnicodeDecodeError:
        return 0
    return count


def _measures(sample: bytes, encoding: str) -> tuple[float, float] | None:
    """The mess and the coherence of the sample in an encoding; None if it cannot be decoded."""
    from charset_normalizer import from_bytes

    try:
        sample.decode(encoding, "strict")
    except UnicodeDecodeError as error:
        if error.end < len(sample):
            return None
    found = from_bytes(sample, cp_isolation=[encoding], threshold=1.0, enable_fallback=False).best()
    return (found.chaos, found.coherence) if found else None
