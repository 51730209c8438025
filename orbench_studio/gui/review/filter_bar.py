"""The queue's filter as text one can type, the saved views, the order, and how many prompts match."""

from dataclasses import replace
from functools import partial
from random import randrange

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QToolButton, QWidget

from orbench_studio.domain.review.query import QueryError, parse, write
from orbench_studio.domain.review.queue import Order, QueueFilter
from orbench_studio.gui.common.actions import SHORTCUTS, key_text, tr, with_key
from orbench_studio.gui.common.widgets import label, set_role, set_tip
from orbench_studio.gui.review.condition_names import ORDERS
from orbench_studio.gui.review.query_completion import Completion

_TYPING = 150  # milliseconds after the last letter until the search starts
_SEEDS = 100_000


class FilterBar(QWidget):
    """One line for words and conditions; the queue stays as it is while the line cannot be understood."""

    changed = Signal(QueueFilter)  # when the user asks for another queue

    def __init__(self) -> None:
        super().__init__()
        self._filter = QueueFilter()
        self.search = QLineEdit()
        self.completion = Completion(self.search)
        self.views = QToolButton()
        self.order = QToolButton()  # placed by whoever shows the queue
        self._matches = label("", "quiet")
        self._told = 0, 0
        self.out = QToolButton()  # of the filter
        self._typing = QTimer(self)
        self._build_ui()
        self._typing.timeout.connect(self._read)
        self.search.textEdited.connect(lambda _: self._typing.start())

    @property
    def current(self) -> QueueFilter:
        """The filter in force."""
        return self._filter

    def clear(self) -> None:
        """Let every prompt through; the order stays."""
        self.ask(QueueFilter(order=self._filter.order, seed=self._filter.seed))

    def ask(self, wanted: QueueFilter) -> None:
        """Ask for another queue, and write it into the line."""
        self._typing.stop()
        self.search.setText(write(wanted))
        self._set(wanted)

    def tell_more(self, matches: int) -> None:
        """Say that so many prompts more match."""
        self.tell(self._told[0] + matches, self._told[1])

    def tell(self, matches: int, total: int) -> None:
        """Say how many prompts match."""
        self._told = matches, total
        self._matches.setText(f"{matches:,} of {total:,}" if not self._filter.is_open else f"{total:,} prompts")

    def _read(self) -> None:
        try:
            self._set(parse(self.search.text()))
        except QueryError as error:
            self._say_wrong(str(error))

    def _set(self, wanted: QueueFilter) -> None:
        self._say_wrong("")
        if wanted == self._filter:
            return
        self._filter = wanted
        self._restate()
        self.changed.emit(wanted)

    def _say_wrong(self, text: str) -> None:
        set_role(self.search, "wrong", bool(text))
        set_tip(self.search, text)
        self.search.setAccessibleDescription(text)
        if text:
            self._matches.setText(f"▲ {text.partition('.')[0]}.")
            set_tip(self._matches, text)
        elif self._matches.text().startswith("▲"):
            self.tell(*self._told)
            set_tip(self._matches, "")
        set_role(self._matches, "role", "error" if text else "quiet")

    def _restate(self) -> None:
        self.out.setVisible(not self._filter.is_open)
        self.order.setText(f"{tr(ORDERS[self._filter.order])}  ▾")
        for action in self.order.menu().actions():
            action.setChecked(action.data() == self._filter.order)

    def _sort(self, order: Order) -> None:
        self.ask(replace(self._filter, order=order, seed=randrange(1, _SEEDS) if order is Order.RANDOM else 0))

    def _build_ui(self) -> None:
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # what stands beside it stays where it is on other pages
        self.setSizePolicy(policy)
        self.search.setAccessibleName(tr("Search and filter"))
        self.search.setMinimumWidth(200)
        self._typing.setInterval(_TYPING)
        self._typing.setSingleShot(True)
        self.out.setText(tr("✕ Clear"))
        self.views.setText(tr("Views  ▾"))
        self.views.setAccessibleName(tr("Saved views"))
        self._matches.setMinimumWidth(1)
        self._build_order()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.search, 1)
        layout.addWidget(self.out)
        layout.addWidget(self.views)
        layout.addWidget(self._matches)
        self._restate()
        self._say_keys()
        SHORTCUTS.changed.connect(self._say_keys)

    def _say_keys(self) -> None:
        words = f"{tr('Search, or say')} category:privacy refused:>=3"
        self.search.setPlaceholderText(f"{words}   {key_text('search')}")
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
