"""A pane for untrusted model text: plain and selectable, or Markdown as styled text, with evidence marked.

The text is never interpreted as HTML, and resources that it names are never loaded. Qt's own import of Markdown is not
used: it reads HTML, loads images, and does not say which character of the source is where.
"""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QResizeEvent,
    QShowEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.markdown import parse
from orbench_studio.gui.common.markdown_document import MarkdownWriter, Segment, utf16
from orbench_studio.gui.common.menus import Command, Entry, context_menu
from orbench_studio.gui.common.more_below import MoreBelow
from orbench_studio.gui.common.theme import BODY, Theme, font, px

# Qt counts UTF-16 units and splits paragraphs at these; the number of characters stays the same.
_PARAGRAPHS = str.maketrans({"\r": "\n", "\u2028": "\n", "\u2029": "\n", "\0": "\ufffd"})

RIGHT = 12  # pixels beside the text, for its scroll bar
_UNLIMITED = 16_777_215  # pixels: Qt's greatest height
_MOST_BLOCKS = 2_000  # a longer text is shown as it is written
_STAYS = (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason)  # the focus comes back after these
_CURSOR_KEYS = (
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Left,
    Qt.Key.Key_Right,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_Escape,
)


@dataclass(frozen=True, slots=True)
class Type:
    """Font size and line height, in pixels at the default text size."""

    size: int
    line: int


class TextPane(QTextEdit):
    """A read-only text. While it `grows` it is as high as its text, for panes inside of a scroll area.

    With `markdown` it is styled, unless its source is shown.
    """

    left = Signal()  # on Escape while reading

    def __init__(self, theme: Theme, kind: Type, *, grows: bool = False, markdown: bool = False) -> None:
        super().__init__()
        self._theme = theme
        self._type = kind
        self._grows = grows
        self._markdown = markdown
        self._source = False
        self._segments: list[Segment] = []
        self.reading = False  # the cursor keys move in the text
        self._text = ""
        self._evidence: tuple[int, int] | None = None
        self._cover = ""
        self.entries: tuple[Entry, ...] = ()  # of the context menu, below those of every text
        self.more: MoreBelow | None = None  # one that grows is scrolled by what is around it
        self._build_ui()
        theme.changed.connect(self._restyle)

    def show_text(self, text: str, evidence: tuple[int, int] | None = None) -> None:
        """Show a text from its start, with the span of evidence marked."""
        if (text, evidence) == (self._text, self._evidence):
            return
        self._text, self._evidence = text, evidence
        self._render()
        self.verticalScrollBar().setValue(0)

    def set_type(self, kind: Type) -> None:
        if kind != self._type:
            self._type = kind
            self._restyle()

    def read(self) -> None:
        """Take the focus and the cursor keys, until Escape or until the focus moves."""
        self.reading = True
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def event(self, event: QEvent) -> bool:
        key = event.key() if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride else None
        if self.reading and key in _CURSOR_KEYS:
            event.accept()  # the cursor keys move in the text, not in the queue
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.reading and event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.reading = self.reading and event.reason() in _STAYS
        super().focusOutEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        standard = (
            Command(tr("Copy"), self.copy, enabled=self.textCursor().hasSelection()),
            Command(tr("Copy all"), lambda: QGuiApplication.clipboard().setText(self.toPlainText())),
            Command(tr("Select all"), self.selectAll),
        )
        more = (None, *self.entries) if self.entries else ()
        context_menu(self, (*standard, *more)).popup(event.globalPos())

    def selected(self) -> tuple[int, int] | None:
        """The half-open span of characters of the source that is selected; None without a selection."""
        cursor = self.textCursor()
        if self._cover or not cursor.hasSelection():
            return None
        shown = self._text.replace("\r\n", " \n").translate(_PARAGRAPHS)
        places: list[int] = []
        for segment in self._segments:
            text = shown[segment.start : segment.end]
            left = max(cursor.selectionStart() - segment.position, 0)
            right = min(cursor.selectionEnd() - segment.position, utf16(text))
            if left < right:
                places += (segment.start + _characters(text, left), segment.start + _characters(text, right))
        return (min(places), max(places)) if places else None

    def show_source(self, *, shown: bool) -> None:
        """Show Markdown as it is written, or as styled text."""
        if shown != self._source:
            self._source = shown
            self._render()

    @property
    def covered(self) -> bool:
        return bool(self._cover)

    def cover(self, text: str) -> None:
        """Show `text` instead of the real text; an empty one uncovers it.

        While covered, the real text is not in the widget: it cannot be selected, copied or read by a screen reader.
        """
        if text != self._cover:
            self._cover = text
            self._render()

    def _build_ui(self) -> None:
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setAcceptRichText(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        self.document().setDocumentMargin(0)
        if not self._grows:
            self.setViewportMargins(0, 0, RIGHT, 0)  # the scroll bar must not touch the text
            self.more = MoreBelow(self, self._type.line, lambda: int(self.document().size().height()))
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setFont(font(self._type.size))
        self.grow(grows=self._grows)

    def grow(self, *, grows: bool) -> None:
        """Be as high as the text, or scroll it."""
        self._grows = grows
        bars = Qt.ScrollBarPolicy.ScrollBarAlwaysOff if grows else Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.setVerticalScrollBarPolicy(bars)
        self.setHorizontalScrollBarPolicy(bars)
        policy = QSizePolicy.Policy.Fixed if grows else QSizePolicy.Policy.Expanding
        self.setSizePolicy(QSizePolicy.Policy.Expanding, policy)
        self.setMinimumHeight(0)
        self.setMaximumHeight(_UNLIMITED)
        self._fit()

    def _restyle(self) -> None:
        """Render the text again; what is selected stays selected."""
        before = self.textCursor()
        anchor, position = before.anchor(), before.position()
        self._render()
        cursor = self.textCursor()
        cursor.setPosition(anchor)
        cursor.setPosition(position, QTextCursor.MoveMode.KeepAnchor)
        self.setTextCursor(cursor)

    def _render(self) -> None:
        self.setFont(font(self._type.size))
        if self._cover:
            self._render_cover()
            return
        shown = self._text.replace("\r\n", " \n").translate(_PARAGRAPHS)
        blocks = parse(shown) if self._markdown and not self._source else []
        if 0 < len(blocks) <= _MOST_BLOCKS:
            self.clear()
            writer = MarkdownWriter(self.document(), shown, self._theme, self._type.size, self._type.line)
            writer.write(blocks)
            self._segments = writer.segments
            self.moveCursor(QTextCursor.MoveOperation.Start)
        else:
            self._render_source(shown)
        if self._evidence:
            self._mark(shown, self._evidence)
        self._fit()

    def _render_source(self, shown: str) -> None:
        self._show_plain(shown)
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        lines = QTextBlockFormat()
        lines.setLineHeight(px(self._type.line), QTextBlockFormat.LineHeightTypes.MinimumHeight.value)
        cursor.setBlockFormat(lines)
        self._segments = [Segment(0, 0, len(shown))]

    def _show_plain(self, text: str) -> None:
        self.setCurrentCharFormat(QTextCharFormat())  # Qt gives a plain text the format of the text before it
        self.setPlainText(text)

    def _mark(self, shown: str, evidence: tuple[int, int]) -> None:
        """Mark the evidence wherever its characters are shown."""
        marked = QTextCharFormat()
        marked.setBackground(self._theme.colour("evidence"))
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()
        for segment in self._segments:
            start, end = max(evidence[0], segment.start), min(evidence[1], segment.end)
            if start < end:
                at = segment.position + utf16(shown[segment.start : start])
                cursor.setPosition(at)
                cursor.setPosition(at + utf16(shown[start:end]), QTextCursor.MoveMode.KeepAnchor)
                cursor.mergeCharFormat(marked)
        cursor.endEditBlock()

    def _render_cover(self) -> None:
        self.setFont(font(BODY))
        self._show_plain(self._cover if self._text else "")
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        quiet = QTextCharFormat()
        quiet.setForeground(self._theme.colour("quiet"))
        cursor.mergeCharFormat(quiet)
        self._fit()

    def _fit(self) -> None:
        if self._grows:
            self.document().setTextWidth(self.viewport().width())
            self.setFixedHeight(int(self.document().size().height()) + 4)

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        return None

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.font().pixelSize() != font(BODY if self._cover else self._type.size).pixelSize():
            self._restyle()  # the style sheet sets the size of a pane that was filled before it was shown

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(120, px(self._type.line))


def _characters(text: str, units: int) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "surrogatepass"))
