"""Markdown is shown without its signs, and every shown character knows its place in the source."""

import time
from itertools import pairwise

import pytest

from orbench_studio.gui.common.markdown import Kind, Style, parse

S, E, C, L, P = Style.STRONG, Style.EMPHASIS, Style.CODE, Style.LINK, Style.PLAIN


def inline(text):
    [block] = parse(text)
    return [(text[piece.start : piece.end], piece.style) for piece in block.pieces]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", [("plain", P)]),
        ("a **b** c", [("a ", P), ("b", S), (" c", P)]),
        ("__b__ *i* _j_", [("b", S), (" ", P), ("i", E), (" ", P), ("j", E)]),
        ("***both***", [("both", S | E)]),
        ("**a *b* c**", [("a ", S), ("b", S | E), (" c", S)]),
        ("`**no**` ``a`b``", [("**no**", C), (" ", P), ("a`b", C)]),
        ("2 * 3 * 4 and 2*3*4", [("2 * 3 * 4 and 2*3*4", P)]),
        ("snake_case_name and __init__.py", [("snake_case_name and ", P), ("init", S), (".py", P)]),
        (r"\*not\* \[x\]", [("*", P), ("not", P), ("*", P), (" ", P), ("[", P), ("x", P), ("]", P)]),
        ("~~old~~", [("old", Style.STRIKE)]),
        ('[a link](http://127.0.0.1/x "t")', [("a link", L)]),
        ("![words](file:///etc/hostname)", [("words", L)]),
        ("[x] and [y](", [("[x] and [y](", P)]),
        ("<b>bold</b><img src='x'> &amp;", [("<b>bold</b><img src='x'> &amp;", P)]),
        ("**open", [("**open", P)]),
        ("مرحبا **كيف** 你好", [("مرحبا ", P), ("كيف", S), (" 你好", P)]),
    ],
)
def test_inline_signs(text, shown):
    assert inline(text) == shown


def test_blocks():
    text = (
        "# Title #\none\ntwo\n\n- item\n  1. **nested**\n> quote\n---\n"
        "| a | b \\| c |\n|:--|--:|\n| 1 |\n| **2** | 3 | 4 |\n```py\nx = 1\n\n# no title\n```\nend"
    )
    blocks = parse(text)
    assert [(b.kind, b.level, b.marker, b.spaced) for b in blocks] == [
        (Kind.HEADING, 1, "", False),
        (Kind.TEXT, 0, "", False),
        (Kind.TEXT, 0, "", False),
        (Kind.ITEM, 0, "•", True),
        (Kind.ITEM, 1, "1.", False),
        (Kind.QUOTE, 1, "", False),
        (Kind.RULE, 0, "", False),
        (Kind.TABLE, 0, "", True),
        (Kind.CODE, 0, "", True),
        (Kind.TEXT, 0, "", True),
    ]
    words = [["".join(text[p.start : p.end] for p in cell) for cell in row] for row in blocks[7].rows]
    assert words == [["a", "b | c"], ["1", ""], ["2", "3"]]
    [code] = blocks[8].pieces
    assert text[code.start : code.end] == "x = 1\n\n# no title"


def test_code_inside_a_list_item_loses_its_fences_and_their_indent():
    text = "1. Run:\n\n     ```bash\n     for x in y; do\n\n       echo $x\n   done\n     ```\n   - next"
    item, code, after = parse(text)
    assert [block.kind for block in (item, code, after)] == [Kind.ITEM, Kind.CODE, Kind.ITEM]
    shown = "".join(text[piece.start : piece.end] for piece in code.pieces)
    assert shown == "for x in y; do\n\n  echo $x\ndone"


@pytest.mark.parametrize(
    "text",
    [
        "**" * 3_000 + "`" * 3_001 + "\n" + "```\n" * 500,
        "| a " * 5_000 + "\n" + "|-" * 5_000,
        "*a " * 20_000,
        "[" * 50_000 + "](" * 50_000,
        "> " * 50_000,
        "\\" * 50_000,
        "-" * 50_000 + "x",
        "1. x\n" + " " * 9 + "```\n" + (" " * 20 + "y\n") * 5_000,
        "_a_ `b` **c** " * 1_000,
    ],
)
def test_hostile_texts_take_no_time_and_lose_no_character(text):
    begun = time.process_time()
    blocks = parse(text)
    assert time.process_time() - begun < 1
    pieces = [p for b in blocks for row in ((b.pieces,), *b.rows) for cell in row for p in cell]
    assert all(a.end <= b.start for a, b in pairwise(pieces) if a.end)
