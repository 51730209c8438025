"""The responses on the right: one row per model with its final answer class, and the text of the one in focus."""

from collections import Counter
from collections.abc import Callable

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPainter
from PySide6.QtWidgets import QFrame, QScrollArea, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from orbench_studio.domain.core.annotation import Basis
from orbench_studio.domain.core.judgement import DECIDED, best_judgement
from orbench_studio.domain.review.decision import PromptView, ResponseView
from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.elided_label import ElidedLabel
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.menus import Command, Entry, offer_context_menu
from orbench_studio.gui.common.painting import badge, badge_size, elided
from orbench_studio.gui.common.theme import ANSWERS, BASES, BODY, META, Theme, font, px
from orbench_studio.gui.common.widgets import PlainList, label
from orbench_studio.gui.review.choice_menus import CLASS_ACTIONS
from orbench_studio.gui.review.response_reader import ResponseReaders

_ROW = 48
_LINE = 20
_PAD = 20
_ROOM_FOR_NAME = 110
_FEWEST = 2  # rows for which the list has room
VIEW = Qt.ItemDataRole.UserRole
_Index = QModelIndex | QPersistentModelIndex


class ResponsesModel(QAbstractListModel):
    """The responses to one prompt; the role VIEW gives a ResponseView."""

    def __init__(self) -> None:
        super().__init__()
        self.views: tuple[ResponseView, ...] = ()

    def show(self, views: tuple[ResponseView, ...]) -> None:
        self.beginResetModel()
        self.views = views
        self.endResetModel()

    def at(self, place: int) -> ResponseView | None:
        """The response at a place; None outside."""
        return self.views[place] if 0 <= place < len(self.views) else None

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.views)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        view = self.at(index.row())
        if view is None:
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            if view.hidden:
                text = tr("{model}: hidden until you classify it or label the prompt")
                return text.format(model=view.response.model)
            return f"{view.response.model}: {ANSWERS[view.final.answer_class].word}, {basis(view, '')}"
        return view if role == VIEW else None


class ResponseDelegate(QStyledItemDelegate):
    """Paints one row: model and class, then length, the words that show the class, and who classified it."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.annotator = ""
        self.covered: Callable[[], bool] = lambda: False  # whether texts may not be quoted

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(px(200), px(_ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        view = index.data(VIEW)
        if not isinstance(view, ResponseView):
            return
        rect: QRect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, self._theme.colour("selection"))
            painter.fillRect(QRect(rect.left(), rect.top(), 3, rect.height()), self._theme.colour("accent"))
        inner = rect.adjusted(_PAD, px(4), -_PAD, -px(4))
        upper = QRect(inner.left(), inner.top(), inner.width(), px(_LINE))
        hidden = view.hidden
        lower = QRect(inner.left(), inner.bottom() - px(_LINE) + 1, inner.width(), px(_LINE))
        mark, quiet = ANSWERS[view.final.answer_class], self._theme.colour("quiet")
        beside = upper.width() - badge_size(mark).width() >= px(_ROOM_FOR_NAME)
        if not hidden:
            line = upper if beside else lower  # below a name that needs the room, instead of the length
            left = line.right() - badge_size(mark).width() if beside else line.left()
            badge(painter, QPoint(left, line.center().y() - badge_size(mark).height() // 2), mark, self._theme)
            words = basis(view, self.annotator)
            room = lower if beside else lower.adjusted(badge_size(mark).width() + 8, 0, 0, 0)
            lower.setRight(lower.right() - elided(painter, room, words, font(META), quiet, right=True) - 8)
            upper.setRight(left - 8 if beside else upper.right())
        elided(painter, upper, view.response.model, font(BODY), self._theme.colour("ink"))
        if hidden or beside:
            elided(painter, lower, glance(view, quoted=not hidden and not self.covered()), font(META), quiet)


def glance(view: ResponseView, *, quoted: bool) -> str:
    """The length of a response, and the words that show its class."""
    parts = [plural(len(view.response.text), "1 character", "{count} characters")]
    if quoted and view.evidence:
        words = " ".join(view.response.text[slice(*view.evidence)].split())
        parts += [tr("evidence “{words}”").format(words=words)] if words else []
    return "  ·  ".join(parts)


def basis(view: ResponseView, annotator: str) -> str:
    """The source of a response's answer class, in one or two words."""
    if view.final.basis is Basis.HUMAN:
        here = [a for a in view.decided if not a.imported] or view.decided
        people = sorted({a.annotator for a in here})
        if people == [annotator]:
            return tr("you")
        return people[0] if len(people) == 1 else tr("{count} annotators").format(count=len(people))
    best = best_judgement(view.response.judgements)
    if best is not None and view.final.basis in (Basis.JUDGE, Basis.LOCAL, Basis.RULE):
        return tr("by {judge}").format(judge=best.judge)
    return tr(BASES[view.final.basis])


class ResponsesPane(QFrame):
    """The list of responses; `readings` shows the text of the one in focus, and is placed elsewhere."""

    left = Signal()  # when the user leaves the text to continue in the queue
    stepped = Signal()  # when another response of the prompt is in focus than the one that was read

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._model = ResponsesModel()
        self._delegate = ResponseDelegate(theme)
        self.list = PlainList()
        self._count = ElidedLabel("", "meta", tr("Partial, indirect and direct refusals among the judged responses"))
        self.readings = ResponseReaders(theme)
        self._delegate.covered = lambda: self.readings.focused.text.covered
        self._beside = ""  # the model whose response is pinned on the left
        self._model_of_queue = ""
        self._of: int | None = None
        self._focus_next: tuple[int, ...] = ()
        self._build_ui()
        offer_context_menu(self.list, self._menu)
        self.readings.focused.text.left.connect(self.left)
        self.list.selectionModel().currentRowChanged.connect(lambda *_: self._show_text())
        theme.changed.connect(self._fit_size)

    def show_view(self, view: PromptView, annotator: str) -> None:
        """Show the responses to a prompt; the same response keeps the focus while the prompt is the same."""
        focused = self.focused() if self._of == view.prompt.id else None
        self._of = view.prompt.id
        self._delegate.annotator = annotator
        views = view.responses
        self._model.show(views)
        self._count.setText("" if view.blind else tally(views))
        self._fit_size()
        pinned = self._pin(views)
        ids = [each.response.id for each in views]
        if views:
            wanted = (*self._focus_next, *([focused.response.id] if focused else ()))
            place = next((ids.index(each) for each in wanted if each in ids), None)
            self._focus_next = ()
            place = self._first(pinned) if place is None else place
            self.list.setCurrentIndex(self._model.index(place))
        self._show_text()

    def follow(self, model: str) -> None:
        """Focus the response of the model that the queue is about, here and for each next prompt."""
        self._model_of_queue = model
        if model and self._model.rowCount():
            self.list.setCurrentIndex(self._model.index(self._first(None)))

    def stay_visible_in(self, area: QScrollArea) -> None:
        """Have the area around the list show the response in focus: from its top, else from the list's heading."""

        def show() -> None:
            row = self.list.visualRect(self.list.currentIndex())
            inside = area.widget()
            if row.isValid() and inside is not None:
                centre = self.list.viewport().mapTo(inside, row.center())
                below = centre.y() + row.height() // 2 > area.viewport().height()
                area.verticalScrollBar().setValue(self.mapTo(inside, QPoint()).y() if below else 0)
                area.ensureVisible(0, centre.y(), 0, row.height() // 2 + 4)

        area.verticalScrollBar().rangeChanged.connect(show)  # when votes are revealed or the window gets low
        self.list.selectionModel().currentRowChanged.connect(show)

    def focus_next(self, response_ids: tuple[int, ...]) -> None:
        """Focus the first of these responses that the prompt has when it is shown next."""
        self._focus_next = response_ids

    @property
    def of_one_model(self) -> bool:
        """Whether the queue is about the responses of one model."""
        return bool(self._model_of_queue)

    def _first(self, pinned: ResponseView | None) -> int:
        """The place to focus first: the queue's model, else the first that is not pinned."""
        views = self._model.views
        others = [place for place, view in enumerate(views) if view is not pinned or len(views) == 1]
        return next((place for place in others if views[place].response.model == self._model_of_queue), others[0])

    def read(self) -> None:
        """Focus the text, where Shift and the arrow keys select words."""
        self.readings.focused.text.read()

    def selected(self) -> tuple[int, int] | None:
        """The half-open span of characters that is selected in the response in focus; None where there is none."""
        return self.readings.focused.text.selected()

    @property
    def comparing(self) -> bool:
        """Whether two responses are compared."""
        return bool(self._beside)

    def compare(self) -> bool:
        """Pin the response in focus and move to its neighbour; or end the comparison.

        Returns whether two responses are compared now.
        """
        focused, place = self.focused(), self.list.currentIndex().row()
        other = place + 1 if self._model.at(place + 1) else place - 1
        go = not self._beside and focused is not None and self._model.at(other) is not None
        self._beside = focused.response.model if go and focused is not None else ""
        self.readings.compare(focused if go else None)
        if go:
            self.list.setCurrentIndex(self._model.index(other))
        return go

    def _pin(self, views: tuple[ResponseView, ...]) -> ResponseView | None:
        """Keep comparing with the same model, or with the first if it has no response."""
        if not self._beside or len(views) < 2:
            self.readings.compare(None)
            return None
        pinned = next((view for view in views if view.response.model == self._beside), views[0])
        self.readings.compare(pinned)
        return pinned

    def step(self, by: int) -> None:
        """Move the focus among the responses."""
        place = self.list.currentIndex().row() + by
        if self._model.at(place) is not None:
            self.list.setCurrentIndex(self._model.index(place))
            self.stepped.emit()

    def go_on(self, annotator: str) -> bool:
        """Focus the next response that the annotator has not classified; returns False where there is none."""
        here = self.list.currentIndex().row()
        later = (place for place in range(here + 1, self._model.rowCount()) if not self._has_class(place, annotator))
        place = next(later, here)
        self.list.setCurrentIndex(self._model.index(place))
        if place != here:
            self.stepped.emit()
        return place != here

    def _has_class(self, place: int, annotator: str) -> bool:
        view = self._model.at(place)
        return view is not None and view.last_by(annotator) is not None

    def focused(self) -> ResponseView | None:
        """The response in focus; None where there is none."""
        return self._model.at(self.list.currentIndex().row())

    def _menu(self, at: QPoint) -> list[Entry]:
        """The actions on a response, which the right click made the one in focus."""
        view = self._model.at(self.list.indexAt(at).row())
        if view is None:
            return []
        response, clipboard = view.response, QGuiApplication.clipboard()
        is_covered = self.readings.focused.text.covered
        return [
            *(*CLASS_ACTIONS.values(), "change_class", "reason", None),
            *("side_by_side", "show_source", "read_response", None),
            Command(tr("Copy response"), lambda: clipboard.setText(response.text), enabled=not is_covered),
            Command(tr("Copy model name"), lambda: clipboard.setText(response.model)),
        ]

    def _fit_size(self) -> None:
        rows = max(self._model.rowCount(), _FEWEST)  # all: it scrolls with what is around it
        self.list.setMinimumHeight(px(_ROW) * rows + 4)
        self.list.doItemsLayout()

    def _show_text(self) -> None:
        self.readings.focused.show_view(self.focused())

    def _build_ui(self) -> None:
        self.list.setModel(self._model)
        self.list.setItemDelegate(self._delegate)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(tr("Responses"))
        self._fit_size()
        heading = Flow(label(tr("Responses"), "strong"), self._count, spacing=12)  # in a narrow pane below each other
        heading.setContentsMargins(_PAD, 12, _PAD, 8)
        column_layout(self, heading, (self.list, 1), spacing=0)


def tally(views: tuple[ResponseView, ...]) -> str:
    """The number of refusals among answers and refusals, and of responses that are neither, by the reason."""
    from orbench_studio.domain.audit.refusal_rates import tally_of  # on first use: it would delay the first frame

    classes = [view.final.answer_class for view in views]
    found, apart = tally_of(classes), Counter(tr(ANSWERS[of].word) for of in classes if of not in DECIDED)
    judged, refused = found.judged, sum(found.refused.values())
    how = f" ({found.refused_text})" if refused > found.refused["words"] else ""
    counts = [
        plural(refused, "1 of {judged} refuses", "{count} of {judged} refuse", judged=f"{judged:,}") + how
        if judged
        else "",
        ", ".join(f"{count:,} {why}" for why, count in apart.items()),
    ]
    return "\u00a0\u00a0·  ".join(part for part in counts if part) or tr("none yet")
