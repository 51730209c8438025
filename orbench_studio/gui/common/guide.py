"""The guide: the pages of the documentation in a window of the program, without a connection."""

import re

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QTextCursor
from PySide6.QtWidgets import QLineEdit, QListWidget, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import Dialog, set_size
from orbench_studio.gui.common.layouts import column_layout, row_layout
from orbench_studio.gui.common.text_pane import TextPane, Type
from orbench_studio.gui.common.theme import READING, READING_LINE, Theme, px
from orbench_studio.resources_dir import resources

GUIDE = {
    "getting-started": "Getting started",
    "import-export": "Import and export",
    "review": "Review",
    "query-language": "Search and filter",
    "evaluate": "Evaluate",
    "judges": "Judges",
    "audit": "Audit",
    "curate": "Curate",
    "generate": "Generate",
    "teams": "Teams",
    "shortcuts": "Shortcuts",
    "glossary": "Glossary",
}
GUIDE_PAGES = {  # about the pages of the window
    "page_review": "review",
    "page_library": "import-export",
    "page_evaluate": "evaluate",
    "page_instruments": "judges",
    "page_audit": "audit",
    "page_curate": "curate",
    "page_disputes": "teams",
    "page_generate": "generate",
    "page_team": "teams",
}
_PICTURE = re.compile(r"^!\[[^\]]*\]\([^)]*\)\n+", re.MULTILINE)
_BEGINS = re.compile(r"\s*([-*>|#]|\d+\.) ?")  # a list item, quote, row or heading
_ENDS = re.compile(r"\s*(#|\||```)")  # a line that no text continues
_WIDTH, _HEIGHT, _LIST, _SPACE = 1_000, 720, 200, 4
_LIST_KEYS = (Qt.Key.Key_Up, Qt.Key.Key_Down)


class GuideDialog(Dialog):
    """A list of pages and the text of the chosen one, with a field that searches all pages."""

    def __init__(self, parent: QWidget, theme: Theme, name: str) -> None:
        super().__init__(parent, tr("Guide"))
        self._texts = {of: read(of) for of in GUIDE}
        self.search = QLineEdit()
        self.pages = QListWidget()
        self.text = TextPane(theme, Type(READING, READING_LINE), markdown=True)
        self._build_ui()
        self.pages.currentRowChanged.connect(self._show)
        self.search.textChanged.connect(self._search)
        self.pages.setCurrentRow([*GUIDE].index(name))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _LIST_KEYS:
            self.pages.keyPressEvent(event)
        elif event.matches(QKeySequence.StandardKey.Find):
            self.search.setFocus()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._find()
        else:
            super().keyPressEvent(event)

    def _show(self, place: int) -> None:
        if place >= 0:
            self.text.show_text(self._texts[[*GUIDE][place]])
            self._find()

    def _search(self, words: str) -> None:
        """List the pages that have the words, and go to the first one."""
        has = [words.casefold() in text.casefold() for text in self._texts.values()]
        for place, shown in enumerate(has):
            self.pages.item(place).setHidden(not shown)
        if any(has) and not has[self.pages.currentRow()]:
            self.pages.setCurrentRow(has.index(True))
        else:
            self._find()

    def _find(self) -> None:
        """Select the next occurrence of the words, from the beginning after the last one."""
        words = self.search.text()
        if words and not self.text.find(words):
            self.text.moveCursor(QTextCursor.MoveOperation.Start)
            self.text.find(words)

    def _build_ui(self) -> None:
        self.search.setPlaceholderText(tr("Search the guide"))
        self.search.setAccessibleName(tr("Search the guide"))
        self.search.setClearButtonEnabled(True)
        self.pages.setAccessibleName(tr("Pages of the guide"))
        self.pages.setSpacing(px(_SPACE))
        self.pages.addItems([tr(title) for title in GUIDE.values()])
        self.text.setAccessibleName(tr("Text of the page"))
        left = column_layout(None, self.search, self.pages)
        row_layout(self, left, (self.text, 1), margins=(16, 16, 8, 16), spacing=24)
        for part in (self.search, self.pages):
            part.setFixedWidth(px(_LIST))
        set_size(self, _WIDTH, _HEIGHT)
        self.search.setFocus()


def read(name: str) -> str:
    """A page of the documentation as Markdown, without pictures."""
    text = (resources() / "docs" / f"{name}.md").read_text(encoding="utf-8")
    return _unwrapped(_PICTURE.sub("", text))


def _unwrapped(text: str) -> str:
    """The text with one line per paragraph and list item: the pane keeps line breaks."""
    lines: list[str] = []
    is_code = False
    for line in text.splitlines():
        is_fence = line.lstrip().startswith("```")
        goes_on = bool(lines and lines[-1] and line.strip()) and not (is_code or is_fence or _BEGINS.match(line))
        if goes_on and not _ENDS.match(lines[-1]):
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
        is_code ^= is_fence
    return "\n".join(lines)
