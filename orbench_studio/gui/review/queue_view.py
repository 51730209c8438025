"""The queue on the left: two painted lines per prompt."""

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QFontMetrics, QGuiApplication, QHelpEvent, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QWidget,
)

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.moderation import Veto
from orbench_studio.domain.review.queue import UNDECIDED_STATUSES, Field, QueueRow, Status
from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.menus import Command, Entry, offer_context_menu
from orbench_studio.gui.common.painting import elided
from orbench_studio.gui.common.row_view import RowView
from orbench_studio.gui.common.theme import BODY, LABELS, META, Theme, font, px
from orbench_studio.gui.common.widgets import label, plain_tip
from orbench_studio.gui.review.condition_names import value_words
from orbench_studio.gui.review.queue_model import BEGIN, ROW, QueueModel

_HEIGHT = 72
_PAD = 16
_MARK = 26
_ONLY = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
_AROUND = 2  # rows in view before and after the current one
_MOVES = {
    Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown
}  # fmt: skip


class QueueDelegate(QStyledItemDelegate):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.blind = False  # hides votes and refusals of undecided prompts
        self.always_blind = False  # of all prompts
        self.revealed: set[int] = set()  # undecided prompts whose votes or refusals were on the screen

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        rect: QRect = option.rect
        colour = self._theme.colour
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, colour("selection"))
            painter.fillRect(QRect(rect.left(), rect.top(), 3, rect.height()), colour("accent"))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), colour("line"))
        row = index.data(ROW)
        if not isinstance(row, QueueRow):
            return
        mark = LABELS[row.final_label if row.status is Status.DECIDED else None]
        shape = "≠" if row.status is Status.DISPUTED else "→" if row.status is Status.SKIPPED else mark.shape
        line = QFontMetrics(font(BODY)).height()
        upper = QRect(rect.left() + _PAD, rect.top() + px(6), rect.width() - 2 * _PAD, line)
        elided(painter, upper, shape, font(BODY), colour(mark.colour))
        text = upper.adjusted(px(_MARK), 0, 0, 0)
        text.setHeight(2 * painter.fontMetrics().lineSpacing() + px(2))
        painter.setPen(colour("ink"))
        begin = int(index.data(BEGIN))
        words = f"…{row.text[begin:]}" if begin else row.text
        painter.drawText(text, Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap, words)
        lower = QRect(text.left(), rect.bottom() - px(24), text.width(), px(18))
        elided(painter, lower, details(row, blind=self._hides(row)), font(META), colour("quiet"))
        if not self.blind and row.status in UNDECIDED_STATUSES and (row.votes or row.judged):
            self.revealed.add(row.prompt_id)

    def _hides(self, row: QueueRow) -> bool:
        return self.blind and (self.always_blind or row.status in UNDECIDED_STATUSES)

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        row = index.data(ROW)
        if isinstance(row, QueueRow):
            QToolTip.showText(event.globalPos(), plain_tip("\n".join(explained(row, blind=self._hides(row)))), view)
        return isinstance(row, QueueRow)


def details(row: QueueRow, *, blind: bool) -> str:
    """The second line of a row: flag, note, category, votes and refusals; without the last two if blind."""
    again = tr("shown again") if row.prompt_id < 0 and row.status is Status.DECIDED else ""
    parts = [again, "⚑" * row.flagged + "✎" * row.noted + tr(" new") * row.unread, row.category or tr("no category")]
    if not blind:
        parts += [
            vote_signs(row.votes),
            tr("toxic by veto") if row.veto is Veto.OVERRULED else "",
            plural(row.refusals, "1 of {judged} refuses", "{count} of {judged} refuse", judged=row.judged)
            if row.judged
            else "",
        ]
    return "   ".join(part for part in parts if part)


def vote_signs(votes: str) -> str:
    """The moderators' votes in the signs of the labels: `SST` becomes `●●▲`."""
    return votes.translate({ord("S"): LABELS[Label.SAFE].shape, ord("T"): LABELS[Label.TOXIC].shape})


def explained(row: QueueRow, *, blind: bool) -> list[str]:
    """What the signs of a row mean, a line each."""
    decided = row.final_label if row.status is Status.DECIDED else None
    words = value_words(Field.STATUS, row.status)
    status = tr("Label: {label}").format(label=decided) if decided else tr("Status: {status}").format(status=words)
    lines = [row.text, status]
    lines += [tr("⚑ flagged")] if row.flagged else []
    lines += [tr("✎ has notes")] if row.noted else []
    lines += [tr("New notes of others since you last decided or wrote a note")] if row.unread else []
    if blind:
        return [*lines, tr("Votes and judgements are hidden until you label the prompt.")]
    if row.votes:
        counts = {name: row.votes.count(letter) for name, letter in (("safe", "S"), ("toxic", "T"), ("unread", "?"))}
        lines.append(tr("Moderator votes {signs}: {safe} safe, {toxic} toxic, {unread} unparsed").format(
            signs=vote_signs(row.votes), **counts))  # fmt: skip
    if row.veto is Veto.OVERRULED:
        lines.append(tr("Counts as toxic: moderators call the response of a model without refusals toxic (veto)."))
    if row.judged:
        text = tr("Judged responses that refuse (in part, indirectly or directly): {count} of {judged}")
        lines.append(text.format(count=row.refusals, judged=row.judged))
    return lines


class LineTable(RowView):
    """A table that looks like a list: a QListView lays out all its rows again when one changes (measured)."""

    def __init__(self) -> None:
        super().__init__()
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.fit_lines()

    def fit_lines(self) -> None:
        """Set the row height for the current text size."""
        self.verticalHeader().setMinimumSectionSize(px(_HEIGHT))
        self.verticalHeader().setDefaultSectionSize(px(_HEIGHT))
        self.viewport().update()

    def selectionCommand(
        self, index: QModelIndex | QPersistentModelIndex, event: QEvent | None = None
    ) -> QItemSelectionModel.SelectionFlag:
        """Select what becomes current, also with Ctrl and an arrow: the page shows the current prompt."""
        ctrl = Qt.KeyboardModifier.ControlModifier
        if isinstance(event, QKeyEvent) and event.modifiers() == ctrl and event.key() in _MOVES:
            return QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        return super().selectionCommand(index, event)

    def keyboardSearch(self, search: str) -> None:
        """Do nothing: a letter that is no shortcut must not change the current prompt."""


class QueueView(QWidget):
    moved = Signal(int)  # when another place of the queue becomes the current one
    _left: int | None = None  # the prompt that was current when the page showed one outside the queue

    def __init__(self, theme: Theme, model: QueueModel, order: QWidget) -> None:
        super().__init__()
        self._model = model
        self._list = LineTable()
        self._count = label("", "meta")
        self._prompts = 0
        self._order = order
        self._delegate = QueueDelegate(theme)
        self._build_ui()
        offer_context_menu(self._list, self._menu)
        self._list.selectionModel().currentRowChanged.connect(lambda now, _before: self.moved.emit(now.row()))
        self._list.selectionModel().selectionChanged.connect(lambda *_: self._say_place())
        model.progressed.connect(self._say_place)
        theme.changed.connect(self._list.fit_lines)

    def go(self, place: int) -> None:
        index = self._model.index(place)
        self._left = None
        # Not by the view, which reads the modifier keys: the Ctrl of Ctrl+Z would extend the selection.
        self._list.selectionModel().setCurrentIndex(index, _ONLY)
        for near in (place - _AROUND, place + _AROUND, place):  # keeps the neighbours visible
            self._list.scrollTo(self._model.index(min(max(near, 0), self._model.rowCount() - 1)))

    def leave(self) -> None:
        """Mark no row: the prompt on the page is not in the queue."""
        if self.place() >= 0:
            self._left = self._model.id_at(self.place())
        self._list.selectionModel().clearSelection()
        self._list.setCurrentIndex(QModelIndex())  # by the view, which then makes no row current with the focus
        self._say_place()

    def place(self) -> int:
        """The current place; -1 where there is none."""
        return self._list.currentIndex().row()

    def place_out_of_view(self) -> int:
        """The first place behind the current row and the rows in view."""
        last = self._list.rowAt(self._list.viewport().height() - 1)  # -1 where the rows end before
        return max(self.return_place(), last if last >= 0 else self._model.rowCount() - 1) + 1

    def return_place(self) -> int:
        """The current place, or the one to return to from a prompt outside the queue."""
        return self.place() if self.place() >= 0 else self._model.place_of(self._left) or 0

    def chosen(self) -> list[int]:
        """The selected prompts, in the order of the queue."""
        places = sorted(index.row() for index in self._list.selectionModel().selectedRows())
        ids = (self._model.id_at(place) for place in places)
        return [prompt_id for prompt_id in ids if prompt_id is not None and prompt_id > 0]

    def has_revealed(self, prompt_id: int) -> bool:
        """Whether the row of a prompt has shown votes or refusals before it was decided."""
        return prompt_id in self._delegate.revealed

    def hide_machines(self, *, hidden: bool, always: bool) -> None:
        """Hide or show votes and refusals of undecided prompts, or `always`."""
        self._delegate.blind, self._delegate.always_blind = hidden, always
        self._list.viewport().update()

    def count(self, prompts: int) -> None:
        self._prompts = prompts
        self._say_place()

    def _menu(self, at: QPoint) -> list[Entry]:
        """The actions on the prompt of a row, which the right click made current, or on the selected prompts."""
        row = self._list.indexAt(at).data(ROW)
        if not isinstance(row, QueueRow):
            return []
        if len(self.chosen()) > 1:
            return ["bulk", "assign", "check"]
        number, clipboard = f"#{abs(row.prompt_id)}", QGuiApplication.clipboard()
        return [
            *("label_safe", "label_toxic", "label_controversial", "change_label", "skip", None),
            *("flag", "note", "category", "timeline", "assign", "check", None),
            Command(tr("Copy prompt"), lambda: clipboard.setText(row.text)),  # a covered one as it is shown
            Command(tr("Copy prompt number"), lambda: clipboard.setText(number)),
        ]

    def _say_place(self) -> None:
        """Show the place in the queue, or how many rows are selected."""
        chosen = len(self._list.selectionModel().selectedRows())
        place = f"{self._prompts:,}" if self._left is None or not self._prompts else tr("not in this queue")
        if self.place() >= 0:
            place = f"{self._model.number(self.place()):,} / {self._prompts:,}"
        self._count.setText(tr("{count} selected").format(count=f"{chosen:,}") if chosen > 1 else place)

    def _build_ui(self) -> None:
        heading = row_layout(None, self._order, Stretch(), self._count, margins=(_PAD - 6, 6, _PAD, 6))
        self._list.setObjectName("queue")
        self._list.setModel(self._model)
        self._list.setItemDelegate(self._delegate)
        self._list.setAccessibleName(tr("Queue of prompts"))
        self._list.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        column_layout(self, heading, (self._list, 1), spacing=0)
        self.setFocusProxy(self._list)
