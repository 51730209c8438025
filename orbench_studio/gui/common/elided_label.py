"""Labels that end with an ellipsis where the text does not fit into one line; the tooltip has the full text."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStylePainter, QToolButton

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.layouts import row_layout
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import set_role, set_tip

_NARROWEST = 48  # pixels
_MAX_CHARACTERS = 1_000  # of a line: no window is wider
# Control characters are invisible, and direction overrides would also affect the rest of the line.
_INVISIBLE = dict.fromkeys(
    [*range(32), *range(0x7F, 0xA0), 0x200E, 0x200F, 0x61C, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


class ElidedLabel(QLabel):
    """Plain text; `tip` explains it in the tooltip, after the text."""

    least = 0  # pixels of width that it asks for; in a window without this room it gets less

    def __init__(self, text: str = "", role: str = "", tip: str = "") -> None:
        super().__init__()
        self._tip = tip
        self.setTextFormat(Qt.TextFormat.PlainText)
        set_role(self, "role", role)
        self.setText(text)

    def setText(self, text: str) -> None:
        super().setText(text)
        set_tip(self, " · ".join(filter(None, (text[:_MAX_CHARACTERS], self._tip))))
        self.setAccessibleName(text)

    @property
    def is_cut(self) -> bool:
        """Whether a part of the text is not shown."""
        return self.fontMetrics().horizontalAdvance(self._line()) > self.contentsRect().width()

    def minimumSizeHint(self) -> QSize:
        whole = self.sizeHint()
        return QSize(min(whole.width(), max(self.least, px(_NARROWEST))), whole.height())

    def sizeHint(self) -> QSize:
        around = self.contentsMargins()
        wide = self.fontMetrics().horizontalAdvance(self._line()) + around.left() + around.right() + 1
        return QSize(wide, self.fontMetrics().height() + around.top() + around.bottom())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, area = QStylePainter(self), self.contentsRect()
        shown = self.fontMetrics().elidedText(self._line(), Qt.TextElideMode.ElideRight, area.width())
        painter.drawItemText(
            area, self.alignment(), self.palette(), self.isEnabled(), shown, self.foregroundRole()
        )  # fmt: skip

    def _line(self) -> str:
        return " ".join(self.text()[:_MAX_CHARACTERS].split()).translate(_INVISIBLE)


class FoldingLabel(ElidedLabel):
    """A text in as many lines as it needs, until it is folded into one."""

    _link: QToolButton | None = None

    def __init__(self, text: str = "", role: str = "") -> None:
        super().__init__(text, role)
        self.setWordWrap(True)
        self.setProperty("wraps", True)  # at a readable width

    def heightForWidth(self, width: int) -> int:
        return super().heightForWidth(min(width, self.maximumWidth()))

    def fold(self, *, folded: bool) -> None:
        """Show one line, as wide as there is room, or the whole text."""
        self.setWordWrap(not folded)
        set_role(self, "wraps", not folded)
        self._fit_link()

    def with_link(self) -> QHBoxLayout:
        """Fold the text, and place it beside a link that opens it where it does not fit into the line."""
        self._link = QToolButton()
        self._link.setProperty("role", "link")
        self._link.clicked.connect(lambda: self.fold(folded=self.wordWrap()))
        self.fold(folded=True)
        line = row_layout(None, (self, 1), self._link)
        line.setAlignment(self._link, Qt.AlignmentFlag.AlignTop)
        return line

    def _fit_link(self) -> None:
        if self._link is not None:
            self._link.setText(tr("Less") if self.wordWrap() else tr("More"))
            # Without a parent, as before it is placed, it would be a window.
            self._link.setVisible(self._link.parent() is not None and (self.wordWrap() or self.is_cut))

    def setText(self, text: str) -> None:
        super().setText(text)
        self._fit_link()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_link()

    def minimumSizeHint(self) -> QSize:
        return QLabel.minimumSizeHint(self) if self.wordWrap() else super().minimumSizeHint()

    def sizeHint(self) -> QSize:
        return QLabel.sizeHint(self) if self.wordWrap() else super().sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        QLabel.paintEvent(self, event) if self.wordWrap() else super().paintEvent(event)
