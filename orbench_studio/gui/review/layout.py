"""The layout of the review page: queue, texts with the decision bar, side column, guidelines; and the empty state."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from orbench_studio.domain.review.queue import Term
from orbench_studio.gui.common.actions import Actions, plural, tr
from orbench_studio.gui.common.compact import is_compact
from orbench_studio.gui.common.layouts import Item, Stretch, column_layout
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label, rule, scrolled
from orbench_studio.gui.review.condition_names import term_words
from orbench_studio.gui.review.decision_bar import DecisionBar
from orbench_studio.gui.review.text_panes import TextPanes
from orbench_studio.settings import Settings

FOLD = 1_100  # pixels of width below which the queue and the guidelines fold; both together need more
FOLD_HINTS = 640  # pixels of height below which the hints fold
ROOMY = 1_600  # pixels of width from which two responses and the queue have room
_HIGHEST = 760  # pixels of the texts: in a tall window the buttons stay near them
_TEXTS = 1_000  # share of the texts: what is below the bar only gets what they cannot use
_COLUMNS = [280, 720, 340]  # queue, texts, side
_ASIDE = 320
_SIDE = 232
_SHARE = 0.4  # of the width, for what is opened beside the texts in a window that has room for one part only


class ReviewLayout:
    """Arranges the panes on the page by its size."""

    _wanted = True  # the queue
    _narrow = False  # the queue folds,
    _opened = False  # unless the user opens it
    _wide: bool | None = None
    _compact = False
    _folded = False  # no part beside the texts, until one is wanted
    _any = False  # prompts at all
    _roomy = False  # while two responses have been given more room
    _width = 0

    def __init__(
        self,
        page: QWidget,
        settings: Settings,
        *,
        facets: QWidget,
        queue: QWidget,
        texts: TextPanes,
        side: Sequence[QWidget],
        bar: DecisionBar,
        aside: QWidget,
    ) -> None:
        self._settings = settings
        self._facets = facets
        self._queue = queue
        self.texts = texts
        self._side, self.scroll = _side(side)
        self._trail = side[-1]
        self._bar = bar
        self._aside = aside
        self._outer = QSplitter(Qt.Orientation.Horizontal)
        self._reading = QWidget()  # around the texts: a splitter sets its own greatest height
        self.empty = EmptyState()
        self._stack = QStackedWidget()
        self._build_ui(page)

    def fit(self, size: QSize) -> None:
        """Fold the queue and the guidelines in a narrow window, and what is beside the texts in a compact one.

        A low window hides the hints, a compact one the chips too, because the search field shows the same filter.
        """
        width, self._compact = size.width(), is_compact(self._outer)
        self._width = width
        self._fold_side(folded=self._compact and width < px(FOLD))
        narrowest = min(px(_SIDE), width // 3)
        self._side.setMinimumWidth(narrowest)
        self._fold_aside(wide=width >= px(FOLD))
        self._fit_side(narrowest, wide=width >= px(FOLD))
        self._fold_queue(width)
        QTimer.singleShot(0, self._outer, self._share_width)  # after the splitter has its new width
        self._show_facets()
        self._reading.setMaximumHeight(px(_HIGHEST))
        self._bar.fit(hints=size.height() >= px(FOLD_HINTS), compact=self._compact)
        self.texts.prompt.fit(compact=self._compact)

    def _fold_side(self, *, folded: bool) -> None:
        """Have the texts alone on the page, with one part beside them if it is wanted; or restore the side column."""
        if folded is not self._folded:
            self._folded = folded
            self._side.setVisible(not folded)
            self._trail.setVisible(not folded)
            self._opened = False
            self._aside.setVisible(self._aside_wanted and not folded)

    def _fold_aside(self, *, wide: bool) -> None:
        if wide is not self._wide:
            self._aside.setVisible(self._aside_wanted and wide)

    def _fit_side(self, narrowest: int, *, wide: bool) -> None:
        """Make the side column narrow where the texts need the room, and restore the columns where they do not."""
        if not wide:
            queue, centre, side, aside = self._outer.sizes()
            self._outer.setSizes([queue, centre + max(side - narrowest, 0), narrowest, aside])
        elif not self._wide:
            QTimer.singleShot(0, self._outer, self._restore_columns)  # after the splitter has its new width
        self._wide = wide

    def _restore_columns(self) -> None:
        if not self._wide:
            return  # the window got narrow again
        queue, _texts, side = self._stored("columns", _COLUMNS)
        queue = 0 if self._queue.isHidden() else queue
        aside = 0 if self._aside.isHidden() else self._aside_width
        self._outer.setSizes([queue, max(self._outer.width() - queue - side - aside, 1), side, aside])

    def make_room(self, *, on: bool) -> None:
        """Give two responses side by side more room, or take it back."""
        self._roomy = on
        self._show_queue()

    def toggle_queue(self) -> None:
        """Show or hide the queue, whatever the width."""
        if self._narrow:
            self._opened = not self._opened
        else:
            self._wanted = self._queue.isHidden()
        self._show_queue()
        self._show_alone(self._queue)

    def toggle_side(self) -> None:
        """Show or hide votes and responses, whatever the size."""
        self._side.setVisible(self._side.isHidden())
        self._show_alone(self._side)

    def _show_alone(self, part: QWidget) -> None:
        """Hide other parts beside the texts where only one has room."""
        if self._folded and not part.isHidden():
            self._opened = part is self._queue
            for other in (self._queue, self._side, self._aside):
                other.setVisible(other is part)
            self._share_width()
        self._offer_folded()

    def _share_width(self) -> None:
        """Give the one part beside the texts its share, where only one has room."""
        if self._folded:
            whole = self._outer.width()
            beside = [
                0 if part.isHidden() else round(whole * _SHARE) for part in (self._queue, self._side, self._aside)
            ]
            self._outer.setSizes([beside[0], whole - sum(beside), *beside[1:]])

    def _offer_folded(self) -> None:
        """Show buttons for what has folded away; for nothing else beside what is open where only one has room."""
        parts = {self._queue: self._width < px(FOLD), self._side: self._folded, self._aside: False}
        alone = self._folded and not all(part.isHidden() for part in parts)
        for place, part in enumerate((self._queue, self._side)):
            is_open = not part.isHidden()
            self._bar.offer(place, offered=parts[part] if is_open else not alone, is_open=is_open)

    def toggle_aside(self) -> None:
        """Show or hide the guidelines, whatever the width."""
        self._aside_wanted = self._aside.isHidden()
        self._aside.setVisible(self._aside_wanted)
        self._fold_queue(self._outer.width())
        self._show_alone(self._aside)

    def show_empty(self, *, total: int, matches: int) -> None:
        """Show the empty state if no prompt matches, else the panes."""
        self.empty.say(total)
        self._any = total > 0
        self._show_facets()
        self._stack.setCurrentIndex(0 if matches else 1)

    def remember(self) -> None:
        """Save the sizes of the panes."""
        columns = self._outer.sizes()
        if not self._queue.isHidden():
            self._settings.panes["columns"] = columns[:3]
        if not self._aside.isHidden():
            self._aside_width = columns[3]
        self._settings.panes["guidelines"] = [int(self._aside_wanted), self._aside_width]

    def _dragged(self) -> None:
        if self._wide:
            self.remember()

    def _show_facets(self) -> None:
        self._facets.setVisible(self._any and not self._compact)

    def _fold_queue(self, width: int) -> None:
        narrow = width < px(FOLD) + (0 if self._aside.isHidden() else self._aside_width)
        self._opened = self._opened and narrow is self._narrow
        self._narrow = narrow
        self._show_queue()

    def _show_queue(self) -> None:
        crowded = self._roomy and self._width < px(ROOMY)
        shown = self._opened if self._narrow else self._wanted and not crowded
        if shown is not self._queue.isHidden():
            self._offer_folded()
            return
        focused = self._queue.isAncestorOf(QApplication.focusWidget() or self._outer)
        before, centre, side, aside = self._outer.sizes()
        queue = self._stored("columns", _COLUMNS)[0] if shown else 0
        self._queue.setVisible(shown)
        self._offer_folded()
        self._outer.setSizes([queue, centre + before - queue, side, aside])  # only the texts change their width
        if focused:
            self.texts.prompt.setFocus()

    def _build_ui(self, page: QWidget) -> None:
        page.setFocusProxy(self._queue)
        centre, below = QWidget(), QFrame()  # below the texts of a tall window
        below.setObjectName("page")
        _column(self._reading, self.texts)
        _column(centre, (self._reading, _TEXTS), rule(), self._bar, (below, 1))
        for part in (self._queue, centre, self._side, self._aside):
            self._outer.addWidget(part)
        self._outer.setStretchFactor(1, 1)
        self._outer.setHandleWidth(1)
        self._outer.setChildrenCollapsible(False)
        self._outer.splitterMoved.connect(self._dragged)
        wanted, self._aside_width = self._stored("guidelines", [0, _ASIDE])
        self._aside_wanted = bool(wanted)
        self._aside.setVisible(self._aside_wanted)
        self._outer.setSizes([*self._stored("columns", _COLUMNS), self._aside_width])
        self._stack.addWidget(self._outer)
        self._stack.addWidget(self.empty)
        _column(page, self._facets, rule(), (self._stack, 1))

    def _stored(self, name: str, usual: list[int]) -> list[int]:
        sizes = self._settings.panes.get(name, [])
        return sizes if len(sizes) == len(usual) else usual


class _Scrolled(QFrame):
    """A column in a scroll area, which otherwise would not give wrapped texts their height."""

    def minimumSizeHint(self) -> QSize:
        layout = self.layout()
        height = layout.totalMinimumHeightForWidth(self.width()) if layout is not None else 0
        return super().minimumSizeHint().expandedTo(QSize(0, height))


def _side(parts: Sequence[QWidget]) -> tuple[QFrame, QScrollArea]:
    """The column on the right, and the area in which all but its last part scroll where the window is low."""
    inner = _Scrolled()
    inner.setObjectName("panel")
    _column(inner, *parts[:-2], (parts[-2], 1))
    scroll = scrolled(inner)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    side = QFrame()
    side.setObjectName("panel")
    _column(side, (scroll, 1), rule(), parts[-1])
    return side, scroll


def _column(widget: QWidget, *items: Item) -> None:
    column_layout(widget, *items, spacing=0)


class EmptyState(QWidget):
    """Offers to import files, or to drop one condition of the filter."""

    dropped = Signal(Term)  # when the user drops a condition

    def __init__(self) -> None:
        super().__init__()
        self._title = label("", "title")
        self._words = label("", "quiet")
        self._words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._import = QPushButton(tr("Import files…"))
        self._import.setProperty("role", "primary")
        self._clear = QPushButton(tr("Clear filter"))
        self._without = QVBoxLayout()
        self._offers: list[QWidget] = []
        centred = Qt.AlignmentFlag.AlignHCenter
        words = (self._title, centred), (self._words, centred), self._without
        buttons = (self._import, centred), (self._clear, centred)
        column_layout(self, Stretch(2), *words, *buttons, Stretch(3), margins=(40, 40, 40, 40), spacing=16)

    def say(self, total: int) -> None:
        """Show the text for a workspace without prompts, or for a filter without matches."""
        empty = total == 0
        self._title.setText(tr("No prompts yet") if empty else tr("No prompts match the filter"))
        files = tr("Import OR-Bench or XSTest files, or any table of prompts:\nCSV, TSV, JSON, JSONL or Parquet.")
        self._words.setText(files if empty else tr("No prompt meets all conditions of the filter."))
        self._import.setVisible(empty)
        self._clear.setVisible(not empty)
        self.offer_terms([])

    def offer_terms(self, counts: Sequence[tuple[Term, int]]) -> None:
        """Offer to drop each condition, with the number of prompts that match without it."""
        for button in self._offers:
            button.deleteLater()
        self._offers = []
        if counts and not any(count for _term, count in counts):
            self._offers.append(
                label(
                    tr(
                        "Removing a single condition gives no matches either.\n"
                        "Clear the filter, or remove several conditions."
                    ),
                    "quiet",
                )
            )
        for term, count in counts if not self._offers else ():
            one, many = "Without “{condition}”: 1 prompt", "Without “{condition}”: {count} prompts"
            text = plural(count, one, many, condition=term_words(term))
            button = QPushButton(text.replace("&", "&&"))
            button.setEnabled(count > 0)
            button.clicked.connect(partial(self.dropped.emit, term))
            self._offers.append(button)
        for part in self._offers:
            self._without.addWidget(part, 0, Qt.AlignmentFlag.AlignHCenter)

    def offer(self, actions: Actions) -> None:
        self._import.clicked.connect(lambda: actions["import"].trigger())
        self._clear.clicked.connect(lambda: actions["clear_filter"].trigger())
