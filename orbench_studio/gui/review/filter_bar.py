"""The filter bar: the query as text, the saved views, the order, and the number of matches."""

from dataclasses import replace
from functools import partial
from random import randrange

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QLineEdit, QMenu, QToolButton, QWidget

from orbench_studio.domain.review.query import SORT, QueryError, parse, write
from orbench_studio.domain.review.queue import Order, QueueFilter
from orbench_studio.gui.common.actions import SHORTCUTS, tr, with_key
from orbench_studio.gui.common.elided_label import ElidedLabel
from orbench_studio.gui.common.layouts import row_layout
from orbench_studio.gui.common.widgets import set_role, set_tip
from orbench_studio.gui.review.condition_names import ORDERS
from orbench_studio.gui.review.query_completion import Completion
from orbench_studio.gui.review.view_progress import ViewProgress

_TYPING = 150  # milliseconds after the last key until the search starts
_SEEDS = 100_000


class FilterBar(QWidget):
    """The search field for words and conditions; the queue does not change while the query is invalid."""

    changed = Signal(QueueFilter)  # when the filter has changed

    def __init__(self) -> None:
        super().__init__()
        self._filter = QueueFilter()
        self._order = QueueFilter()  # without conditions: the order that the user chose, not that of a link
        self.search = QLineEdit()
        self.completion = Completion(self.search)
        self.views = QToolButton()
        self.order = QToolButton()  # placed by the queue view
        self.progress = ViewProgress()
        self._fault = ElidedLabel("", "error")
        self.out = QToolButton()  # clears the filter
        self._typing = QTimer(self)
        self._build_ui()
        self._typing.timeout.connect(self._read)
        self.search.textEdited.connect(lambda _: self._typing.start())

    @property
    def current(self) -> QueueFilter:
        return self._filter

    def clear(self) -> None:
        """Remove all conditions, and the order that came with them."""
        self.ask(self._order)

    def ask(self, wanted: QueueFilter) -> None:
        """Set the filter, and write it into the search field."""
        self._typing.stop()
        self.search.setText(write(wanted))
        self._order = wanted if wanted.is_open else self._order
        self._set(wanted)

    def _read(self) -> None:
        """Apply what was typed; words typed in place of the whole query keep the order."""
        try:
            wanted = parse(self.search.text())
        except QueryError as error:
            self._say_wrong(str(error))
            return
        order = write(replace(self._filter, terms=()))
        if order and f"{SORT}:" not in self.search.text().lower() and wanted.terms != self._filter.terms:
            wanted = replace(wanted, order=self._filter.order, seed=self._filter.seed)
            cursor = self.search.cursorPosition()
            self.search.setText(f"{self.search.text()} {order}")  # with a space, so that words can follow the cursor
            self.search.setCursorPosition(cursor)
        self._order = QueueFilter(order=wanted.order, seed=wanted.seed)
        self._set(wanted)

    def _set(self, wanted: QueueFilter) -> None:
        self._say_wrong("")
        if wanted == self._filter:
            return
        self._filter = wanted
        self._restate()
        self.changed.emit(wanted)

    def _say_wrong(self, text: str) -> None:
        set_role(self.search, "wrong", bool(text))
        example = tr("Words, or conditions such as {example}").format(example="category:privacy refused:>=3")
        set_tip(self.search, text or example)
        self.search.setAccessibleDescription(text)
        self._fault.setText(f"▲ {text.partition('.')[0]}." if text else "")
        set_tip(self._fault, text)
        self._fault.setVisible(bool(text))
        self.progress.setVisible(not text)

    def _restate(self) -> None:
        self.out.setVisible(not self._filter.is_open)
        self.order.setText(tr("{order}  ▾").format(order=tr(ORDERS[self._filter.order])))
        for action in self.order.menu().actions():
            action.setChecked(action.data() == self._filter.order)

    def _sort(self, order: Order) -> None:
        self._order = QueueFilter(order=order, seed=randrange(1, _SEEDS) if order is Order.RANDOM else 0)
        self.ask(replace(self._filter, order=order, seed=self._order.seed))

    def _build_ui(self) -> None:
        self.search.setAccessibleName(tr("Search and filter"))
        self._typing.setInterval(_TYPING)
        self._typing.setSingleShot(True)
        self.out.setText(tr("✕ Clear"))
        self.views.setText(tr("Views  ▾"))
        self.views.setAccessibleName(tr("Saved views"))
        self._fault.hide()
        self._build_order()
        row_layout(self, (self.search, 1), self.out, self.views, self._fault, self.progress, spacing=8)
        self._restate()
        self._say_keys()
        SHORTCUTS.changed.connect(self._say_keys)

    def _say_keys(self) -> None:
        self.search.setPlaceholderText(with_key(tr("Search or filter"), "search"))
        self.out.setToolTip(with_key(tr("Clear the filter"), "clear_filter"))

    def _build_order(self) -> None:
        self.order.setProperty("role", "heading")
        self.order.setAccessibleName(tr("Order"))
        self.order.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.order)
        group = QActionGroup(menu)
        for order, words in ORDERS.items():
            action = menu.addAction(tr(words))
            action.setCheckable(True)
            action.setData(order)
            group.addAction(action)
            action.triggered.connect(partial(self._sort, order))
        self.order.setMenu(menu)
