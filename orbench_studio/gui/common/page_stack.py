"""The stack of pages, each built when it is first shown, and the navigation rail beside it."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Protocol

from PySide6.QtCore import QByteArray, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap, QResizeEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QFrame, QScrollArea, QStackedWidget, QToolButton, QWidget

from orbench_studio.domain.core.changes import Changes
from orbench_studio.gui.common.actions import Actions, tr
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.theme import Theme, px
from orbench_studio.gui.common.widgets import scrolled
from orbench_studio.resources_dir import resources

_SIZE = 20
_STATES = (  # mode, state and colour
    (QIcon.Mode.Normal, QIcon.State.Off, "quiet"),
    (QIcon.Mode.Normal, QIcon.State.On, "accent"),
    (QIcon.Mode.Disabled, QIcon.State.Off, "faint"),
)

_WIDTH, _AROUND, _SPACE = 72, 8, 4
_HIGH, _LOW, _TEXT, _LEAST = 52, 46, 36, 24  # heights of a button: with an icon, at least; without one, at least
PAGES = (  # action, icon and title; the window has the page as an attribute: `page_audit` is `window.audit`
    ("page_review", "list-checks", "Review"),
    ("page_library", "library-big", "Library"),
    ("page_evaluate", "circle-play", "Evaluate"),
    ("page_instruments", "gavel", "Judges"),
    ("page_audit", "grid-3x3", "Audit"),
    ("page_curate", "funnel", "Curate"),
    ("page_disputes", "scale", "Disputes"),
    ("page_generate", "sparkles", "Generate"),
    ("page_team", "users", "Team"),
)


class Page(Protocol):
    """The interface of a page, which is a widget. Its focus proxy gets the focus when the page is shown."""

    def refresh(self, changes: Changes) -> None:
        """Update what an operation changed; a hidden page does so when it is shown."""


class Pages(QStackedWidget):
    """One page at a time; hidden pages do not affect the minimum width of the window."""

    def __init__(self, makers: Mapping[str, Callable[[], Page]]) -> None:
        super().__init__()
        self._makers = makers
        self._built: dict[str, Page] = {}

    def show_page(self, name: str) -> None:
        if name not in self._built:
            self._built[name] = self._makers[name]()
        page = self._built[name]
        assert isinstance(page, QWidget)
        if self.indexOf(page) < 0:
            self.addWidget(page)
        self.setCurrentWidget(page)
        page.setFocus()

    def refresh(self, changes: Changes) -> None:
        for page in self._built.values():
            page.refresh(changes)

    def minimumSizeHint(self) -> QSize:
        page = self.currentWidget()
        return page.minimumSizeHint() if page is not None else super().minimumSizeHint()


class Rail(QFrame):
    """The buttons of the pages; the current one is checked."""

    chosen = Signal(str)
    marked = ""  # the current page

    def __init__(self, actions: Actions, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._buttons: dict[str, QToolButton] = {}
        inner = QWidget()
        self._names = _scrolling(inner)
        names = column_layout(inner, spacing=_SPACE)
        for name, icon, title in PAGES:
            button = self._buttons[name] = QToolButton()
            button.setText(tr(title))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            button.setProperty("role", "rail")
            set_icon(button, icon, theme)
            button.setCheckable(True)
            button.setToolTip(actions[name].text())
            button.clicked.connect(lambda _checked=False, n=name: self.chosen.emit(n))
            names.addWidget(button)
        names.addStretch()
        column_layout(self, self._names, margins=(4, 8, 4, 8))

    def mark(self, name: str) -> None:
        self.marked = name
        for other, button in self._buttons.items():
            button.setChecked(other == name)
        self._names.ensureWidgetVisible(self._buttons[name])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()
        if self.marked:
            self._names.ensureWidgetVisible(self._buttons[self.marked])

    def fit(self) -> None:
        """Set the button sizes for the current text size; they have no icons where the window is too low for all."""
        room = (self._names.height() + _SPACE) // len(self._buttons) - _SPACE
        has_icons = room >= min(px(_LOW), px(_HIGH))
        style = Qt.ToolButtonStyle.ToolButtonTextUnderIcon if has_icons else Qt.ToolButtonStyle.ToolButtonTextOnly
        height = max(min(room, px(_HIGH)), px(_LOW)) if has_icons else max(min(room, px(_TEXT)), px(_LEAST))
        for button in self._buttons.values():
            button.setToolButtonStyle(style)
        width = max(px(_WIDTH) - _AROUND, *(button.sizeHint().width() for button in self._buttons.values()))
        self.setFixedWidth(width + _AROUND)
        for button in self._buttons.values():
            button.setFixedSize(width, height)


def _scrolling(inner: QWidget) -> QScrollArea:
    """A scroll area without scroll bars, for a low window with large text."""
    area = scrolled(inner)
    for part in (area, inner):
        part.setObjectName("panel")
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    return area


def set_icon(button: QAbstractButton, name: str, theme: Theme) -> None:
    """Give a button an icon of resources/icons that follows colour scheme and text size."""

    def tint() -> None:
        icon = QIcon()
        for mode, state, colour in _STATES:
            icon.addPixmap(pixmap(name, getattr(theme.tokens, colour), px(_SIZE)), mode, state)
        button.setIcon(icon)
        button.setIconSize(QSize(px(_SIZE), px(_SIZE)))

    tint()
    theme.changed.connect(tint)


def pixmap(name: str, colour: str, side: int) -> QPixmap:
    """An icon in a colour, with `side` logical pixels, sharp on every screen."""
    ratio = QGuiApplication.instance().devicePixelRatio()  # type: ignore[union-attr]  # there is one
    drawn = QPixmap(round(side * ratio), round(side * ratio))
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    QSvgRenderer(QByteArray(_source(name).replace(b"currentColor", colour.encode()))).render(painter)
    painter.end()
    drawn.setDevicePixelRatio(ratio)
    return drawn


@cache
def _source(name: str) -> bytes:
    return (resources() / "icons" / f"{name}.svg").read_bytes()
