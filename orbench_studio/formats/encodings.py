"""Find the encodings that a text may have, and notice where another one than the named one is far likelier."""

import codecs
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from typing import BinaryIO

_SAMPLE = 4_000  # bytes of lines with characters beyond ASCII
_LOOKED_AT = 16 * 2**20  # bytes of the file
_JAPANESE = ("Japanese Japanese— Japanese——",)
_LANGUAGES = {
    "cp1252": ("üäöß", "éèàêçâùûîïôœë", "óíáéñúü", "ãçáéíõóúâêôà", "åäöæøé", "àèéìòù"),
    "gb18030": ("Chinese",),
    "cp932": _JAPANESE,
    "cp949": ("Korean",),
    "big5": ("Chinese",),
    "euc_jp": _JAPANESE,
    "cp1251": ("Russian", "Ukrainian"),
    "koi8_r": ("Russian",),
    "cp1250": ("łąęóśżćńź", "íáěřéžčýšůúňóťď", "áéöóőíúüű", "áíéčžšúýľťňôďäóĺŕ", "čšžćđ", "ăîşţâșț"),
    "cp1254": ("ıüşöçğâî",),
    "cp1253": ("Greek",),
    "cp1255": ("Hebrew",),
    "cp1256": ("Arabic",),
    "cp874": ("Thai",),
}
"""The encodings that are tried, the usual ones first, with the letters of languages written in
them: those beyond ASCII, the commonest ones first, or names of lists of charset-normalizer by frequency."""
_CODECS = {"gbk": "gb18030", "gb2312": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "cp950": "big5"}
"""What reads more than the codec of a name."""
_NAMES = {"cp932": "shift_jis"}
_COMMON_LEADS = {
    "gb18030": (0xB0, 0xD7), "cp932": (0x88, 0x97), "cp949": (0xB0, 0xC8), "big5": (0xA4, 0xC6), "euc_jp": (0xB0, 0xCF)
}  # fmt: skip
"""The first bytes of the common characters of each multibyte encoding."""
_OPENING, _CLOSING = "“‘„«‹¿¡", "”’»›…"
_DASHES, _SIGNS, _WIDE = "–—", "€£°©®™", "·、。，？！：；（）《》「」『』【】～￥"
_COMMON, _POSSIBLE, _DOUBTFUL = 1.5, 1.0, 0.5  # scores of characters
_COMMONEST, _SHARE = 5, 5  # letters of a language, and the part of the letters in a text that they are at least
_FEWEST = 4  # characters that the bytes of another multibyte encoding seldom form by chance
_ALIKE = 0.2  # scores of encodings that may be the right one differ by less
_GARBLED = 0.6  # the scores of most garbled texts are lower
_CLEAR = 0.4  # by which the score of the right encoding exceeds that of a readable text in another one
_SHOWN = 40  # characters of an example
_MOST = 4  # encodings to name


def likely(stream: BinaryIO) -> list[str]:
    """The encodings that this text may have, the likeliest first; none if it is ASCII or no encoding fits.

    A text whose bytes beyond ASCII are all UTF-8 is UTF-8. Else it is judged by its characters beyond ASCII: whether
    letters, quotes and case stand as they do in texts, and how common the letters are in the languages of the encoding.
    """
    lines = _beyond_ascii(stream)
    if not lines or _utf8_characters(lines):
        return ["utf-8"] if lines else []
    sample = b"\n".join(lines)
    scores = {name: score for name in _LANGUAGES if (score := _score(sample, name)) is not None}
    best = max(scores.values(), default=0.0)
    able = [name for name in sorted(scores, key=lambda name: -scores[name]) if scores[name] > best - _ALIKE]
    texts: dict[str, str] = {}
    for name in able if best > _DOUBTFUL else ():
        texts.setdefault(sample.decode(name, "replace"), name)
    return [_NAMES.get(name, name) for name in texts.values()][:_MOST]


def likelier(stream: BinaryIO, named: str) -> str | None:
    """The encoding that this text has far more likely than the named one; None if there is none."""
    lines = _beyond_ascii(stream)
    if not lines:
        return None
    sample = b"\n".join(lines)
    is_multibyte = len(sample.decode(named, "replace")) < len(sample)
    if _utf8_characters(lines) >= (_FEWEST if is_multibyte else 1):
        return "utf-8"
    mine = _score(sample, _CODECS.get(named, named))
    scores = {name: score for name in _LANGUAGES if (score := _score(sample, name)) is not None}
    best = max(scores, key=lambda name: scores[name], default="")
    lead = scores.get(best, 0.0) - (mine or 0.0)
    is_garbled = mine is not None and lead >= (_ALIKE if mine < _GARBLED else _CLEAR)
    return _NAMES.get(best, best) if is_garbled else None


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


def _score(sample: bytes, encoding: str) -> float | None:
    """How likely the characters beyond ASCII are, from 0 to 2 on average; None if the sample cannot be decoded."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError as error:
        if error.end < len(sample):
            return None
        text = sample.decode(encoding, "replace").rstrip("\ufffd")
    of = _wide_score if encoding in _COMMON_LEADS else _score_of
    padded = f"  {text}  "
    around = [padded[at : at + 5] for at, letter in enumerate(text) if letter > "\x7f"]
    scores = [
        sum(_DOUBTFUL if lacks else of(part, common, encoding) for part in around)
        for common in _languages(encoding)
        for lacks in [_lacks_commonest(around, common)]
    ]
    return max(scores) / len(around) if around else 0.0


def _lacks_commonest(around: Iterable[str], common: Mapping[str, float]) -> bool:
    """Whether several letters in a text are of a language, but nearly none is one of its commonest letters."""
    if max(common.values()) > _COMMON:
        return False  # a list of all letters by frequency, each with its own score
    commonest = list(common)[:_COMMONEST]
    letters = [part[2].lower() for part in around if part[2].lower() in common]
    return len(letters) >= _FEWEST and _SHARE * sum(letter in commonest for letter in letters) < len(letters)


def _wide_score(around: str, common: Mapping[str, float], encoding: str) -> float:
    """The score of the middle one of five characters in a multibyte encoding."""
    _, before, letter, after, _ = tuple(around)
    if letter in common:
        return 2.0
    if letter in _OPENING + _CLOSING + _DASHES:
        return _score_of(around, common, encoding)
    if letter in _WIDE:
        return _POSSIBLE if max(before, after) > "\x7f" else _DOUBTFUL
    code = letter.encode(encoding, "replace")
    lowest, highest = _COMMON_LEADS[encoding]
    return _POSSIBLE if len(code) == 2 and lowest <= code[0] <= highest else 0.0


def _score_of(around: str, common: Mapping[str, float], encoding: str) -> float:
    """The score of the middle one of five characters: how well it stands where it does, and how common it is."""
    far_before, before, letter, after, far_after = tuple(around)
    if letter in _OPENING:
        return _POSSIBLE if not before.isalnum() and not after.isspace() else 0.0
    if letter in _CLOSING:
        return _POSSIBLE if not before.isspace() and before not in _OPENING else 0.0
    if letter in _DASHES:
        return _POSSIBLE if before not in _OPENING + _SIGNS and after not in _CLOSING + _SIGNS else 0.0
    if letter in _SIGNS:
        return _POSSIBLE if before.isdigit() or after.isdigit() or before.isspace() else 0.0
    if not unicodedata.category(letter).startswith(("L", "M")) or (letter.isupper() and before.islower()):
        return 0.0
    beside = [other for other in (before, after) if other.isalpha()]
    beside += [
        other for near, other in ((before, far_before), (after, far_after)) if near.isalpha() and other.isalpha()
    ]
    script = _script(letter)
    if any(_script(other) != script for other in beside):
        return 0.0
    if script == "LATIN" and min(before, after) > "\x7f" and (before + after).isalpha():
        return 0.0
    known = common.get(letter.lower(), 0.0) or _DOUBTFUL
    return _DOUBTFUL if letter.isupper() and before.isupper() else known


@cache
def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").split()[0]


@cache
def _languages(encoding: str) -> list[Mapping[str, float]]:
    """For each language of an encoding the scores of its letters beyond ASCII; of all languages if it is not listed."""
    from charset_normalizer.constant import FREQUENCIES

    listed = _LANGUAGES.get(encoding) or [letters for language in _LANGUAGES.values() for letters in language]
    found: list[Mapping[str, float]] = []
    for letters in listed:
        if letters[0].islower():
            found.append(dict.fromkeys(letters, _COMMON))
        else:
            lists = [FREQUENCIES[name] for name in letters.split()]
            found.append({letter: 2.0 - at / len(of) for of in lists for at, letter in enumerate(of)})
    return found
