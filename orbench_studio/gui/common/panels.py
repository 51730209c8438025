"""The panels of a page: side by side, or one at a time below a row of tabs where the window is too narrow for all.

The first panel of a page that `keeps_first` stays beside one of the others where two have room.
"""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QSplitter, QToolButton, QWidget

from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.theme import px
from orbench_studio.settings import Settings

_NARROWEST = 320  # pixels


class Panel(NamedTuple):
    """A widget with its title, its minimum width in pixels, and its share of the remaining width."""

    title: str
    widget: QWidget
    width: int
    share: int = 0


class Panels(QWidget):
    """Arranges panels by its width; the user's own widths are remembered."""

    def __init__(self, name: str, settings: Settings, panels: Sequence[Panel], *, keeps_first: bool = False) -> None:
        super().__init__()
        self._panels = panels
        self._keeps_first = keeps_first
        self._current = 0
        self._group = QButtonGroup(self)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._tabs = self._make_tabs()
        for place, panel in enumerate(panels):
            self._splitter.addWidget(panel.widget)
            self._splitter.setStretchFactor(place, panel.share)
        self._splitter.setHandleWidth(1)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.setSizes([panel.width * max(panel.share, 1) for panel in panels])
        remember_sizes(self._splitter, name, settings)
        column_layout(self, self._tabs, (self._splitter, 1), spacing=0)
        self._group.idClicked.connect(self.show_panel)
        self.fit()

    def show_panel(self, place: int) -> None:
        """Bring a panel to the front, where only one has room."""
        self._current = place
        self.fit()

    def fit(self) -> None:
        """Arrange the panels for the current width and text size."""
        first, *others = (px(panel.width) for panel in self._panels)
        beside = self.width() >= first + sum(others)
        has_first = beside or (self._keeps_first and self.width() >= first + max(others))
        current = max(self._current, 1) if has_first else self._current
        self._tabs.setHidden(beside)
        self._group.button(0).setHidden(has_first)
        self._group.button(current).setChecked(True)
        for place, panel in enumerate(self._panels):
            panel.widget.setMinimumWidth(px(panel.width) if has_first else 0)
            panel.widget.setVisible(beside or place == current or (has_first and not place))

    def minimumSizeHint(self) -> QSize:
        return QSize(_NARROWEST, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def _make_tabs(self) -> QWidget:
        tabs = Flow(spacing=4)
        tabs.setObjectName("page")
        tabs.setContentsMargins(12, 8, 12, 8)
        for place, panel in enumerate(self._panels):
            tab = QToolButton()
            tab.setText(panel.title)
            tab.setCheckable(True)
            tab.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self._group.addButton(tab, place)
            tabs.add(tab)
        return tabs


def remember_sizes(splitter: QSplitter, name: str, settings: Settings) -> None:
    """Restore the sizes that the user gave a splitter, and store them when they change."""
    stored = settings.panes.get(name, [])
    if len(stored) == splitter.count() and any(stored):
        splitter.setSizes(stored)

    def store() -> None:
        settings.panes[name] = splitter.sizes()

    splitter.splitterMoved.connect(store)
