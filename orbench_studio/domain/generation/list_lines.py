"""Lines of a reply with a list: the marks of items, the wrapping of texts, and comments of the model."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_NOUN = (
    r"(?:rewrit\w*|re-?phras\w*|reword\w*|version|variant|variation|option|prompt|question|sentence|example"
    r"|alternative|item|output|request|seed|text|query|idea|q)"
)
_ORDINAL = r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)"
_ROMAN = r"(?:x{0,2}(?:ix|iv|v?i{1,3}|v)|x{1,2})"
_NUMBER = re.compile(
    rf"""(?:
        (?P<a>\d)\uFE0F?\u20E3\s*                                           # keycap
      | (?P<circled>[\u2460-\u2473\u2776-\u277F\u2780-\u2793])\s*
      | [(\[{{<（【〔](?:\#|no\.\s?)?(?P<b>\d{{1,3}})(?:[)\]}}>）】〕][.:]?\s*)  # (1) [1]
      | (?:\#|n[o°]\.?\s?)?(?P<c>\d{{1,3}})(?:
            \s?[.:、．)）\]]+(?!\d)(?=\s|\D) | \s?[-–—]\s+ | ,(?=\s*") | \t | \s?\|\s? | /\d{{1,3}}[:.]?\s
        )\s*
      | \#(?P<d>\d{{1,3}})\s+
      | 第(?P<e>\d{{1,3}})[条个句]?[：:.、]?\s*
      | (?:the\s+)?(?:{_NOUN}\s+){{0,2}}{_NOUN}\s*(?:no\.?|number|\#)?\s*(?P<f>\d{{1,3}})\s*
        (?:\([^()]{{1,40}}\)\s*)?(?:[:.)\]–—-]+\s*|\*+[:.]?\s*|$)
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_LETTER = re.compile(rf"[(\[]?(?:{_ROMAN}|[a-z])[.)\]]+\s+", re.IGNORECASE)
_LABEL = re.compile(
    rf"(?:the\s+)?(?:(?:new|safe|{_ORDINAL}|{_NOUN})\s+){{0,2}}{_NOUN}\s*(?:\([^()]{{1,40}}\)\s*)?[:：]\s*",
    re.IGNORECASE,
)
_BULLET = re.compile(r"(?:[•‣◦▪●○■□►▸▶➤➢→✓✔☑✅◆◇·⁃∙]\s*|[-*+–—]\s+(?:\[[ xX]?\]\s+)?|-(?=[A-Z\"“'\[]))")
_ASIDE = re.compile(
    r"(?:original|seed|input|explanation|explained|reason(?:ing)?|rationale|note|why|category|context|intent|comment|analysis"
    r"|source|toxic(?:ity)?|safe(?:ty)?)\b[^:：.?!]{0,30}[:：]",
    re.IGNORECASE,
)
_COMMENTS = (
    r"(?:sure|certainly|of course|okay|ok|absolutely|great|yes|alright|understood|got it|happy to)\b.{0,200}",
    r"(?:here|below|these|those|this|the following)\s+(?:are|is|were|rewrit|sentence|prompt|question|list)\b.*",
    r"here[’']s\b.*",
    r"(?:i\s+hope|hope|let me know|feel free|(?:please )?note that|note:).*",
    r"i(?:[’']ve|\s+have|\s+tried|[’']ll|\s+will)\b.*",
    r"(?:is there|would you like|do you (?:want|need)|if you(?:[’']d| would| need| want))\b.*",
    r"(?:all|each|both|none) of (?:the|these|them)\b.*",
    r"(?:each|every) (?:rewrit|sentence|prompt|version|question)\w*\b.*",
    r"(?:end of|output|answer|response|result|rewrites?|rewritten)\b[^.?!]*:?",
    r"---+|\*\*\*+|===+|[A-Za-z]+ing the .{0,80}:",
)
_COMMENT = re.compile(rf"(?:{'|'.join(_COMMENTS)})$", re.IGNORECASE | re.DOTALL)
_LAST_SIGN = re.compile(r"[.?!。？！…:][\"”’»」')\]*_`]*$")
_SENTENCE_END = re.compile(r"[.?!。？！](?:\s|$)")
_MAX_WRAPPINGS = 8
_MAX_SENTENCES = 4  # of an unmarked text; a longer one is an essay
_PAIRS = {
    "“": "”",
    "‘": "’",
    "«": "»",
    "„": "“",
    "「": "」",
    "『": "』",
    "[": "]",
    "(": ")",
    "<": ">",
    "{": "}",
    "【": "】",
}
_SAME = ("***", "**", "__", "```", '"', "'", "*", "_", "`", "~~", "”")
_LEAD = re.compile(r"(?:\*\*|__)[^*_\n]{1,60}(?:[:：](?:\*\*|__)|(?:\*\*|__)\s*[:：–—-])\s*(?=\S)")
_GROUP = re.compile(r"\[[^\[\]]+\]")
_QUOTED = re.compile(r"\"[^\"]+\"|“[^“”]+”|«[^«»]+»|「[^「」]+」|(?<!\w)'(?:[^'\\]|\\.|'(?=\w)){1,500}'(?!\w)")
_BETWEEN = re.compile(r"(?:[\s,;/|\[\](){}.、，；]|\band\b|\bor\b|\d{1,3}[.):]|[-•*])*", re.IGNORECASE)
_TABLE_RULE = re.compile(r"\|?[\s:|-]*-[\s:|-]*\|?")


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its list mark. `kind` is number, label, letter, bullet or empty; `number` is the item number."""

    text: str
    kind: str = ""
    number: int | None = None

    @property
    def marked(self) -> bool:
        """Whether an item begins here."""
        return bool(self.kind)


def lines_of(reply: str) -> list[Line]:
    """Split a reply into lines and remove list marks. Blank lines stay."""
    text = re.sub(r"<br\s*/?>", "\n", reply)
    if "\n" not in text:
        text = text.replace("\\n", "\n")
    raw = [line.strip() for line in text.split("\n") if not line.strip().startswith(("```", "~~~"))]
    found = [_line(line) for line in _without_tables(raw)]
    if not any(line.marked for line in found):
        return [part for line in found for part in _begun_within(line)]
    return found


def split_along(lines: list[Line]) -> Iterator[str]:
    """Split marked lines into items, with their continuation lines."""
    kinds = {line.kind for line in lines}
    main = next(kind for kind in ("number", "label", "letter", "bullet") if kind in kinds)
    items = _items(lines, main)
    for place, item in enumerate(items):
        after = items[place + 1].number if place + 1 < len(items) else None
        for part in _numbered_within(item, after, alone=len(items) == 1):
            yield from _several(part)


def is_comment(text: str) -> bool:
    """Whether an unmarked line is a comment on the list, or an essay, and not a text of the list."""
    essay = len(_SENTENCE_END.findall(text)) >= _MAX_SENTENCES
    return essay or text.endswith((":", "：")) or bool(_COMMENT.match(text) or _ASIDE.match(text))


def bare(text: str) -> str:
    """Remove the quotes, brackets, stars and labels around a text."""
    for _ in range(_MAX_WRAPPINGS):
        before = text
        text = text.strip().strip("\u200b\ufeff")
        text = re.sub(r"(?<=[\"”’'»」\])*_`])\s*[,;]$", "", text)
        lead = _LEAD.match(text) or _LABEL.match(text)
        if lead and lead.end() < len(text):
            text = text[lead.end() :]
        text = _unwrapped(text)
        if text == before:
            break
    return text


def _line(raw: str) -> Line:
    text = re.sub(r"^(?:>\s*)*(?:#{1,6}\s+)?", "", raw)
    if re.fullmatch(r"[\[(]\d{1,3}[.:]\s.*[\])]", text):
        text = text[1:-1]
    if not text:
        return Line("")
    found = Line(text)
    for _ in range(3):  # a bullet, a number and a label can be combined
        found, before = _unmark(found), found
        if found == before:
            break
    return found


def _unmark(line: Line) -> Line:
    opened = re.match(r"[*_]{1,3}(?=\S)", line.text)
    stars = opened[0] if opened else ""
    text = line.text[len(stars) :]
    number, label = _NUMBER.match(text), _LABEL.match(text)
    letter, bullet = _LETTER.match(text), None if stars else _BULLET.match(text)
    if number and line.kind in ("", "bullet", "number", "letter"):
        counted = next((value for name, value in number.groupdict().items() if value and name != "circled"), None)
        count = int(counted) if counted else line.number
        return Line(_closed(text[number.end() :], stars), "number", line.number if line.kind == "number" else count)
    if label:
        return replace(line, text=_closed(text[label.end() :], stars), kind=line.kind or "label")
    if letter and not line.kind and not stars:
        return Line(text[letter.end() :], "letter")
    if bullet and not line.kind:
        return Line(text[bullet.end() :], "bullet")
    return line


def _closed(text: str, stars: str) -> str:
    """The text after a mark in stars, without the closing stars."""
    if not stars:
        return text.strip()
    if text.lstrip().startswith(stars):
        return text.lstrip()[len(stars) :].lstrip(" :：.-–—")
    if text.rstrip().endswith(stars):
        return text.rstrip()[: -len(stars)].strip()
    title, closing, rest = text.partition(stars)
    return rest.lstrip(" :：-–—") if closing and rest.strip(" :：-–—") else title.strip()


def _without_tables(raw: list[str]) -> Iterator[str]:
    """Replace rows of a Markdown table by their longest cell; header and separators are dropped."""
    for place, line in enumerate(raw):
        if not line.startswith("|") or line.count("|") < 2:
            yield line
        elif not _TABLE_RULE.fullmatch(line):
            is_head = place + 1 < len(raw) and raw[place + 1].startswith("|") and _TABLE_RULE.fullmatch(raw[place + 1])
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            yield "" if is_head else f"• {max(cells, key=len)}"


@dataclass(slots=True)
class _Item:
    text: str
    number: int | None
    open: bool = True

    @property
    def is_title(self) -> bool:
        return not self.text or self.text.endswith((":", "："))


def _items(lines: list[Line], main: str) -> list[_Item]:
    items: list[_Item] = []
    for line in lines:
        current = items[-1] if items else None
        if line.kind == main:
            items.append(_Item("" if _ASIDE.match(line.text) else line.text, line.number))
        elif current is None:
            continue
        elif not line.text:
            current.open = current.is_title
        elif line.marked and current.is_title:
            items.append(_Item(line.text, None))  # an item below a title; titles are dropped at the end
        elif line.marked:
            _below(items, line)
        elif current.is_title and not _ASIDE.match(line.text):
            current.text, current.open = line.text, True
        elif current.open and not _LAST_SIGN.search(current.text) and not _ASIDE.match(line.text):
            current.text = f"{current.text} {line.text}"
        else:
            current.open = False
    return [item for item in items if not item.is_title]


def _below(items: list[_Item], line: Line) -> None:
    """Handle a bullet below an item: another text of the same title, or a comment on the item."""
    titled = len(items) > 1 and items[-1].number is None and any(item.is_title for item in items[:-1])
    if titled and not _ASIDE.match(line.text):
        items.append(_Item(line.text, None))
    else:
        items[-1].open = False


def _begun_within(line: Line) -> list[Line]:
    """Split an unmarked line in which a numbered list begins; the text before it is a comment."""
    begin = re.search(r"(?:^|[\s:：])[*_]{0,2}[(\[]?1[.)\]:][*_]{0,2}\s", line.text)
    if begin is None or not re.search(r"\s[*_]{0,2}[(\[]?2[.)\]:][*_]{0,2}\s", line.text[begin.end() :]):
        return [line]
    return [Line(line.text[: begin.start()]), Line(line.text[begin.end() :], "number", 1)]


def _numbered_within(item: _Item, after: int | None, *, alone: bool) -> Iterator[str]:
    """Split an item whose line contains the following items, unless they have lines of their own."""
    text, number = item.text, item.number
    while number is not None and after != number + 1:
        pattern = rf"[;,]?(?:\s(?:and|or))?\s[*_]{{0,2}}[(\[]?{number + 1}[.)\]:][*_]{{0,2}}\s+(?=\S)"
        found = re.search(pattern, text)
        if found is None or not (alone or _LAST_SIGN.search(text[: found.start()])):
            break
        yield text[: found.start()]
        text, number = text[found.end() :], number + 1
    yield text


def _several(text: str) -> Iterator[str]:
    """Split a line of texts in brackets, in quotes, or after bullets."""
    for wrapped in (_GROUP, _QUOTED):
        found = list(wrapped.finditer(text))
        between = wrapped.sub("\0", text).split("\0")
        if len(found) > 1 and all(_BETWEEN.fullmatch(part) for part in between):
            yield from (match[0] for match in found)
            return
    yield from re.split(r"\s+[•●▪‣]\s+", text)


def several(text: str) -> list[str]:
    """Split an unmarked line into its texts."""
    parts = list(_several(text))
    if len(parts) > 1:
        return parts
    return re.split(r"\s+\|\|?\s+", text) if len(re.findall(r"\s\|\|?\s", text)) > 1 else parts


def _unwrapped(text: str) -> str:
    for sign in _SAME:
        if len(text) > 2 * len(sign) and text.startswith(sign) and text.endswith(sign):
            inner = text[len(sign) : -len(sign)]
            place = inner.find(sign)
            if place < 0 or (place > 0 and inner[place - 1].isspace()) or (sign == "'" and inner[place + 1].isalpha()):
                return inner
    last = _PAIRS.get(text[:1])
    if last and text.endswith(last) and len(text) > 2 and _closes_at_the_end(text, text[0], last):
        return text[1:-1]
    return text


def _closes_at_the_end(text: str, first: str, last: str) -> bool:
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == first) - (sign == last)
        if depth == 0:
            return place == len(text) - 1
    return False
