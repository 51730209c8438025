"""A pane for untrusted model text: plain and selectable, with Markdown styled in place and evidence marked.

The text is never interpreted as HTML, and resources that it names are never loaded.
"""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt, QUrl, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QKeyEvent,
    QResizeEvent,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QFrame, QSizePolicy, QTextEdit, QWidget

from orbench_studio.gui.common.markdown_spans import Style, spans
from orbench_studio.gui.common.theme import BODY, Theme, code_font, font, px

# Qt counts UTF-16 units and splits paragraphs at these; the number of characters stays the same.
_PARAGRAPHS = str.maketrans({"\r": "\n", "\u2028": "\n", "\u2029": "\n", "\0": "\ufffd"})

_RIGHT = 12
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
    """A read-only text. With `grows` it is as high as its text, for panes inside of a scroll area."""

    left = Signal()  # on Escape while reading

    def __init__(self, theme: Theme, kind: Type, *, grows: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._type = kind
        self._grows = grows
        self._reading = False
        self._text = ""
        self._evidence: tuple[int, int] | None = None
        self._cover = ""
        self._build_ui()
        theme.changed.connect(self._render)

    def show_text(self, text: str, evidence: tuple[int, int] | None = None) -> None:
        """Show a text from its start, with the span of evidence marked."""
        if (text, evidence) == (self._text, self._evidence):
            return
        self._text, self._evidence = text, evidence
        self._render()
        self.verticalScrollBar().setValue(0)

    def read(self) -> None:
        """Take the focus and the cursor keys, until Escape or until the focus moves."""
        self._reading = True
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def event(self, event: QEvent) -> bool:
        key = event.key() if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride else None
        if self._reading and key in _CURSOR_KEYS:
            event.accept()  # the cursor keys move in the text, not in the queue
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._reading and event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._reading = self._reading and event.reason() == Qt.FocusReason.ActiveWindowFocusReason
        super().focusOutEvent(event)

    def selected(self) -> tuple[int, int] | None:
        """The selected half-open span of characters; None without a selection."""
        cursor = self.textCursor()
        if self._cover or not cursor.hasSelection():
            return None
        shown = self.toPlainText()
        return _characters(shown, cursor.selectionStart()), _characters(shown, cursor.selectionEnd())

    @property
    def covered(self) -> bool:
        """Whether the text is covered."""
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
            self.setViewportMargins(0, 0, _RIGHT, 0)  # the scroll bar must not touch the text
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setFont(font(self._type.size))
        if self._grows:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def _render(self) -> None:
        self.setFont(font(self._type.size))
        if self._cover:
            self._render_cover()
            return
        shown = self._text.replace("\r\n", " \n").translate(_PARAGRAPHS)
        self.setPlainText(shown)
        cursor = QTextCursor(self.document())
        cursor.beginEditBlock()  # one layout instead of one for each span (36 s for 4,000 spans, measured)
        cursor.select(QTextCursor.SelectionType.Document)
        lines = QTextBlockFormat()
        lines.setLineHeight(px(self._type.line), QTextBlockFormat.LineHeightTypes.MinimumHeight.value)
        cursor.mergeBlockFormat(lines)
        styles = self._styles()
        for start, end, style in spans(shown):
            self._format(shown, (start, end), styles[style])
        if self._evidence:
            marked = QTextCharFormat()
            marked.setBackground(self._theme.colour("evidence"))
            self._format(shown, self._evidence, marked)
        cursor.endEditBlock()
        self._fit()

    def _render_cover(self) -> None:
        self.setFont(font(BODY))
        self.setPlainText(self._cover if self._text else "")
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        quiet = QTextCharFormat()
        quiet.setForeground(self._theme.colour("quiet"))
        cursor.mergeCharFormat(quiet)
        self._fit()

    def _format(self, shown: str, span: tuple[int, int], form: QTextCharFormat) -> None:
        start, end = (_utf16(shown, place) for place in span)
        cursor = QTextCursor(self.document())
        cursor.setPosition(min(start, self.document().characterCount() - 1))
        cursor.setPosition(min(end, self.document().characterCount() - 1), QTextCursor.MoveMode.KeepAnchor)
        cursor.mergeCharFormat(form)

    def _styles(self) -> dict[Style, QTextCharFormat]:
        strong, code, sign = QTextCharFormat(), QTextCharFormat(), QTextCharFormat()
        strong.setFontWeight(QFont.Weight.DemiBold)
        code.setFont(code_font(self._type.size - 1))
        sign.setForeground(self._theme.colour("faint"))
        return {Style.STRONG: strong, Style.CODE: code, Style.SIGN: sign}

    def _fit(self) -> None:
        if self._grows:
            self.document().setTextWidth(self.viewport().width())
            self.setFixedHeight(int(self.document().size().height()) + 4)

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        return None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(120, px(self._type.line))


def _utf16(text: str, place: int) -> int:
    return len(text[:place].encode("utf-16-le", "surrogatepass")) // 2


def _characters(text: str, units: int) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "surrogatepass"))
