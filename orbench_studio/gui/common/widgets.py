"""Small widgets and helpers for all pages."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from unicodedata import bidirectional

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QFocusEvent, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QLabel,
    QListView,
    QScrollArea,
    QSizePolicy,
    QTableWidgetItem,
    QWidget,
)
from shiboken6 import isValid

from orbench_studio.gui.common.actions import SHORTCUTS, key_text, tr
from orbench_studio.gui.common.compact import is_compact
from orbench_studio.gui.common.painting import badge_height, keycap, keycap_width
from orbench_studio.gui.common.shortcuts import native
from orbench_studio.gui.common.theme import BODY, META, Theme, font, px

T = TypeVar("T")
_DIRECTIONS = frozenset({"R", "AL", "RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI"})  # that change the order of words
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_TAB = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
_HEIGHT, _LOW = 36, 28  # of a button, of one in a compact window; its page has it ask again
_LINE = 28  # of hints
_PAD = 10
_GAP = 12
_WIDEST = 240  # pixels that a button always has if its text needs them


class PlainList(QListView):
    """A list without keyboard search: letters are shortcuts of the window."""

    def keyboardSearch(self, search: str) -> None:
        """Do nothing: a letter that is not a shortcut must not change the current prompt."""


class KeyButton(QAbstractButton):
    """A button for an action that shows its shortcut; checked while it shows the current value."""

    def __init__(
        self, theme: Theme, action: QAction, text: str, *, colour: str = "", tint: str = "", primary: bool = False
    ) -> None:
        super().__init__()
        self._theme = theme
        self._action = action
        self._text = text
        self._key = ""
        self._colour = colour
        self._tint = "accent" if primary else tint or "selection"
        self._primary = primary
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.clicked.connect(lambda: action.trigger())
        self._take_key()
        action.changed.connect(self._take_key)
        theme.changed.connect(self._resized)

    def say(self, text: str) -> None:
        self._text = text
        self._resized()

    def _take_key(self) -> None:
        title = self._action.text()
        self._key = native(self._action.shortcut().toString())
        self.setAccessibleName(
            tr("{action}, shortcut {key}").format(action=title, key=self._key) if self._key else title
        )
        self.setToolTip(f"{title} ({self._key})" if self._key else title)
        self._resized()

    def _resized(self) -> None:
        self.updateGeometry()
        self.update()

    def nextCheckState(self) -> None:
        """Do nothing: the page sets the checked state, not the click."""

    def sizeHint(self) -> QSize:
        width = QFontMetrics(font(BODY)).horizontalAdvance(self._text)
        return QSize(width + keycap_width(self._key) + 2 * _PAD + _GAP, px(_LOW if is_compact(self) else _HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint().boundedTo(QSize(px(_WIDEST), px(_HEIGHT)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = "accent" if self.hasFocus() else self._colour or ("line" if self.underMouse() else "")
        painter.setPen(QPen(self._theme.colour(outline), 1) if outline else QPen(Qt.PenStyle.NoPen))
        active = self._primary or self.isChecked() or self.isDown()
        painter.setBrush(self._theme.colour(self._tint) if active else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        painter.setFont(font(BODY))
        usual = "panel" if self._primary else self._colour or "ink"
        painter.setPen(self._theme.colour(usual if self.isEnabled() else "faint"))
        area = self.rect().adjusted(_PAD, 0, -_PAD - keycap_width(self._key) - _GAP // 2, 0)
        shown = painter.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
        at = QPoint(self.width() - _PAD - keycap_width(self._key), (self.height() - badge_height()) // 2 + 1)
        keycap(painter, at, self._key, self._theme)


class KeyHints(QWidget):
    """Shortcuts with descriptions, wrapped to as many lines as needed.

    A hint has the names of one or more actions and a description of their shortcuts.
    """

    def __init__(self, theme: Theme, hints: Sequence[tuple[tuple[str, ...], str]]) -> None:
        super().__init__()
        self._theme = theme
        self._hints = hints
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._resized()
        SHORTCUTS.changed.connect(self._resized)
        theme.changed.connect(self._resized)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        lines = max((line for line, *_ in self._placed(width)), default=0) + 1
        return lines * px(_LINE) + px(_LINE) // 2

    def sizeHint(self) -> QSize:
        width = min(px(240), sum(_hint_width(keys, words) for _, _, keys, words in self._placed(0)))
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(px(120), px(_LINE))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        metrics = QFontMetrics(font(META))
        for line, left, keys, words in self._placed(self.width()):
            top = px(_LINE) // 4 + line * px(_LINE)
            for key in keys:
                keycap(painter, QPoint(left, top + (px(_LINE) - badge_height()) // 2 + 1), key, self._theme)
                left += keycap_width(key) + 3
            painter.setFont(font(META))
            painter.setPen(self._theme.colour("quiet"))
            at = QRect(left, top, metrics.horizontalAdvance(words) + 2, px(_LINE))
            painter.drawText(at, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, words)

    def _placed(self, width: int) -> list[tuple[int, int, list[str], str]]:
        """Line, left edge, keys and text of every hint for a width."""
        placed, line, left = [], 0, 0
        for names, words in self._hints:
            keys = [key for key in map(key_text, names) if key]
            wide = _hint_width(keys, words)
            if left and left + wide > width:
                line, left = line + 1, 0
            if keys:
                placed.append((line, left, keys, words))
                left += wide + _GAP
        return placed

    def _resized(self) -> None:
        texts = ((" ".join(filter(None, map(key_text, names))), words) for names, words in self._hints)
        self.setAccessibleName(", ".join(f"{keys} {words}" for keys, words in texts if keys))
        self.updateGeometry()
        self.update()


def _hint_width(keys: Sequence[str], words: str) -> int:
    """The width of the shortcuts and the description of a hint."""
    return sum(keycap_width(key) + 3 for key in keys) + QFontMetrics(font(META)).horizontalAdvance(words) + 2


class _Label(QLabel):
    """A label whose height fits its text also where the style sheet limits its width."""

    def heightForWidth(self, width: int) -> int:
        return super().heightForWidth(min(width, self.maximumWidth()))


def label(text: str = "", role: str = "", *, wrap: bool = False) -> QLabel:
    """A plain text label, never interpreted as HTML; `wrap` breaks a long text into lines of a readable width."""
    made = _Label(text, textFormat=Qt.TextFormat.PlainText, wordWrap=wrap)
    made.setProperty("wraps", wrap)
    if role:
        made.setProperty("role", role)
    return made


def isolated(text: str) -> str:
    """A foreign text in one line for use in a sentence: its direction does not change that of the words around it."""
    line = " ".join(text.split())
    if not any(bidirectional(sign) in _DIRECTIONS for sign in line):
        return line
    return f"\N{FIRST STRONG ISOLATE}{line}\N{POP DIRECTIONAL ISOLATE}"


def permit(button: QAbstractButton, *, permitted: bool, who: str) -> None:
    """Enable a button, or disable it with a tooltip that says who may use it; its own tooltip returns later."""
    usual = button.property("usualTip")
    if usual is None:
        usual = button.toolTip()
        button.setProperty("usualTip", usual)
    button.setEnabled(permitted)
    button.setToolTip(usual if permitted else who)


def set_tip(widget: QWidget | QTableWidgetItem, text: str) -> None:
    """Set a plain text tooltip; Qt would interpret text that looks like HTML."""
    widget.setToolTip(plain_tip(text))


def plain_tip(text: str) -> str:
    """Escape a plain text for use as a Qt tooltip; line breaks are preserved."""
    if not text:
        return ""
    from html import escape  # on first use: it would delay the first frame

    lines = "<br>".join(escape(line) for line in text.split("\n"))
    return f"<qt>{lines}</qt>"


def if_alive(widget: QWidget, then: Callable[[T], object]) -> Callable[[T], object]:
    """A callback that does nothing once the widget is deleted: results may arrive after a dialog is closed."""
    return lambda answer: then(answer) if isValid(widget) else None


class _ScrollArea(QScrollArea):
    """A scroll area that leaves the arrow keys to the window where there is nothing to scroll."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.verticalScrollBar().maximum():
            super().keyPressEvent(event)
        else:
            event.ignore()


class PageArea(QScrollArea):
    """A scroll area that Tab reaches; it shows the focus only where Tab brought it, not when its page opens."""

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("role", "stop")
        self.setWidgetResizable(True)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        set_role(self, "ring", event.reason() in _TAB)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        set_role(self, "ring", False)


def scrolled(widget: QWidget) -> QScrollArea:
    """The widget in a scroll area, for small windows and large text."""
    area = _ScrollArea()
    area.setWidget(widget)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


def keep_scroll_bar(area: QScrollArea) -> None:
    """Keep the place of the vertical scroll bar, for contents whose height follows from their width.

    A bar that comes and goes changes the width, and with it the height that makes it come and go: Qt recurses without
    end. The theme does not paint a disabled one.
    """
    area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
    bar = area.verticalScrollBar()
    bar.rangeChanged.connect(lambda low, high: bar.setEnabled(high > low))


def rule(*, vertical: bool = False) -> QFrame:
    """A separator of one pixel."""
    line = QFrame()
    line.setObjectName("rule")
    line.setFixedWidth(1) if vertical else line.setFixedHeight(1)
    return line


def set_role(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the style sheet uses, and apply it."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        if not widget.testAttribute(Qt.WidgetAttribute.WA_WState_Polished):
            return  # the style sheet is applied before the first painting
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def show_status(of: QLabel, text: str, role: str = "quiet") -> None:
    """Show a text in the style of a role, such as `quiet` or `error`."""
    set_role(of, "role", role)
    of.setText(text)
