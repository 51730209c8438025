"""The words of the interface and the documentation: no banned words, no sentences that are glued from fragments.

`wording.json` has the number of leftovers in each file. A count may only shrink; `python -m tests.unit.test_wording`
writes the current counts.
"""

import ast
import json
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "orbench_studio"
LEFTOVERS = Path(__file__).with_name("wording.json")
BANNED = re.compile(
    r"\b(?:deeds?|heeds?|told|most tokens|at its end|at work|those of the queue|people's word|second look"
    r"|h(?:old|eld) against|let through|lets through|under way|comes? home|the bench\b|somebody|whoever"
    r"|nobody has said|by itself|misspelt|its own key|as at first|in force|is no (?:rule|number|verb|time)\b)",
    re.IGNORECASE,
)
# File formats and database columns keep their names.
FORMATS = re.compile(r"""(["'`])(?:deed|told)\1""")
SHOWS_TEXT = {
    "setText", "setToolTip", "setPlaceholderText", "setWindowTitle", "setAccessibleName", "setAccessibleDescription",
    "setStatusTip", "setTitle", "setSuffix", "setSpecialValueText", "setHeaderLabels", "addItem", "addTab", "addAction",
    "QPushButton", "QCheckBox", "QRadioButton", "QLabel", "QGroupBox", "label",
}  # fmt: skip
WORD = re.compile(r"[A-Za-z]{3,}")


def banned_words(text):
    """The banned words of a text."""
    return BANNED.findall(FORMATS.sub("", text))


def glued(source):
    """Translated texts that are parts of an f-string or of a sum."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FormattedValue):
            found += filter(_is_tr, [node.value])
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            found += filter(_is_tr, [node.left, node.right])
    return found


def untranslated(source):
    """Literal texts with words that are passed to a widget without `tr`."""
    return [
        argument
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and _name(node) in SHOWS_TEXT
        for argument in node.args[:1]
        if _has_words(argument)
    ]


def _is_tr(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr"


def _name(node):
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _has_words(node):
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return any(WORD.search(text.replace("OR-Bench Studio", "")) for text in texts)


def _counts(check, paths):
    found = {path.relative_to(ROOT).as_posix(): len(check(path.read_text(encoding="utf-8"))) for path in paths}
    return {name: count for name, count in sorted(found.items()) if count}


def _pages():
    return [ROOT / "README.md", *(ROOT / "resources" / "docs").rglob("*.md")]


CHECKS = {
    "banned words": lambda: _counts(banned_words, [*PACKAGE.rglob("*.py"), *_pages()]),
    "glued texts": lambda: _counts(glued, (PACKAGE / "gui").rglob("*.py")),
    "untranslated texts": lambda: _counts(untranslated, (PACKAGE / "gui").rglob("*.py")),
}


@pytest.mark.parametrize("check", CHECKS)
def test_leftovers_only_shrink(check):
    allowed = Counter(json.loads(LEFTOVERS.read_text(encoding="utf-8"))[check])
    assert {name: count for name, count in CHECKS[check]().items() if count > allowed[name]} == {}


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("f\"{count} {tr('prompts')}\"", 1),
        ('tr("Size of") + name', 1),
        ('tr("{count} prompts").format(count=3)', 0),
    ],
)
def test_glued_texts_are_found(source, count):
    assert len(glued(source)) == count


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ('box.setText("Retry")', 1),
        ('label(f"Batch {n}", "meta")', 1),
        ('box.setText(tr("Retry"))', 0),
        ('label("·")', 0),
    ],
)
def test_untranslated_texts_are_found(source, count):
    assert len(untranslated(source)) == count


def test_banned_words_are_found():
    assert banned_words("The queue is at work; a second look.") == ["at work", "second look"]
    assert banned_words('row["told"]') == []


if __name__ == "__main__":
    LEFTOVERS.write_text(
        json.dumps({name: count() for name, count in CHECKS.items()}, indent=1) + "\n", encoding="utf-8"
    )
