"""The cost estimate and the launch button below the form of a new batch."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton, QSizePolicy, QWidget

from orbench_studio.domain.core.amounts import duration, usd
from orbench_studio.errors import NothingLeftError
from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.compact import is_compact
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.widgets import isolated, label, scrolled, set_tip, show_status
from orbench_studio.gui.evaluation.plan import is_simulated, simulated_seconds
from orbench_studio.services.evaluation.cost_estimate import Estimate, ModelEstimate

_DELAY = 250  # milliseconds from the last change to the estimate

Failed = Callable[[Exception], object]


class IncompleteError(ValueError):
    """The form needs another entry before an estimate is possible."""


@dataclass(frozen=True, eq=False, slots=True)
class LaunchOffer:
    """The content of a form: how to estimate it, how to launch it, and a note to show with the estimate."""

    estimate: Callable[[Callable[[Estimate], object], Failed], object]
    launch: Callable[[Callable[[int], object], Failed], object]
    note: str = ""


class LaunchPanel(QWidget):
    """Updates the estimate after every change, or shows why the batch cannot be launched.

    `compose` returns the content of the form; it raises ValueError with the reason if it is invalid.
    """

    launched = Signal(int)  # number of the batch

    def __init__(self, compose: Callable[[], LaunchOffer]) -> None:
        super().__init__()
        self._compose = compose
        self._offer: LaunchOffer | None = None  # what the estimate is for
        self._texts = ("", "")  # of the estimate, by model and in total
        self._busy = False
        self.estimate, self.launch = label("", "quiet"), QPushButton(tr("Launch"))
        self._delay = QTimer(self, singleShot=True, interval=_DELAY)
        self._delay.timeout.connect(self._estimate)
        self.launch.clicked.connect(self._launch)
        self._build_ui()

    def refresh(self) -> None:
        """The form has changed: estimate again."""
        self._offer = None
        self.launch.setText(tr("Launch"))
        self.launch.setEnabled(False)
        self._delay.start()

    def fail(self, error: Exception) -> None:
        """Show an error, or that nothing is left to do."""
        self._show_text(str(error), wrong=not isinstance(error, NothingLeftError))

    def _estimate(self) -> None:
        try:
            offer = self._offer = self._compose()
        except ValueError as error:
            self._show_text(str(error), wrong=not isinstance(error, IncompleteError))
            return
        offer.estimate(
            lambda found: self._show(found, offer) if offer is self._offer else None,
            lambda error: self.fail(error) if offer is self._offer else None,
        )

    def _show(self, found: Estimate, offer: LaunchOffer) -> None:
        models = [_line_of(model) for model in found.models]
        total = [_total(found)] if len(models) > 1 else models
        rest = _duration(found), found.warning, offer.note
        several = [*models, *total] if found.max_cost and len(models) > 1 else models
        self._texts = ("\n".join(filter(None, (*several, *rest))), "\n".join(filter(None, (*total, *rest))))
        self._show_text(self._texts[is_compact(self)])
        set_tip(self.estimate, "\n".join(models))
        self.launch.setText(plural(found.items, "Launch 1 request", "Launch {count} requests"))
        self.launch.setEnabled(not self._busy)

    def _show_text(self, text: str, *, wrong: bool = False) -> None:
        show_status(self.estimate, f"▲ {text}" if wrong else text, "error" if wrong else "quiet")
        if wrong:
            self.launch.setEnabled(False)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.estimate.text() in self._texts:
            self.estimate.setText(self._texts[is_compact(self)])

    def _launch(self) -> None:
        if self._offer is None:
            return
        self._busy = True
        self.setFocus()  # else the focus moves to another control
        self.launch.setEnabled(False)
        self._offer.launch(self._launched, self._not_launched)

    def _launched(self, batch_id: int) -> None:
        self._busy = False
        self.launched.emit(batch_id)

    def _not_launched(self, error: Exception) -> None:
        self._busy = False
        self.fail(error)

    def _build_ui(self) -> None:
        self.estimate.setWordWrap(True)
        self.estimate.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.estimate.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.launch.setProperty("role", "primary")
        column_layout(self, self.estimate, self.launch, margins=(16, 0, 16, 0), spacing=12)


def lay_out(panel: QFrame, grid: QGridLayout, foot: LaunchPanel) -> None:
    """Lay out the fields of a panel in a scroll area, with the foot below it."""
    panel.setObjectName("panel")
    form = QWidget()
    form.setObjectName("panel")
    form.setLayout(grid)
    grid.setContentsMargins(16, 16, 16, 8)
    grid.setRowStretch(grid.rowCount(), 1)
    area = scrolled(form)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # the foot is never squeezed
    column_layout(panel, (area, 1), foot, margins=(0, 0, 0, 16), spacing=12)


def _duration(found: Estimate) -> str:
    """The duration and the date of the prices; a simulated model has neither."""
    seconds = [model.seconds for model in found.models if not is_simulated(model.model)]
    if not seconds:
        return ""
    text = tr("Duration: about {time}. Prices as of {date}.")
    return text.format(time=duration(max(seconds)), date=found.prices_dated)


def _total(found: Estimate) -> str:
    """The cost of all models together."""
    parts = [tr("at most {cost}").format(cost=usd(found.max_cost))] if found.max_cost else []
    unpriced = len(found.unpriced)
    parts += [plural(unpriced, "1 model unpriced", "{count} models unpriced")] if unpriced else []
    cost = ", ".join(parts) or tr("free")
    return plural(len(found.models), "Total of 1 model: {cost}", "Total of {count} models: {cost}", cost=cost)


def _line_of(model: ModelEstimate) -> str:
    one, many = "{model}: 1 request, {cost}", "{model}: {count} requests, {cost}"
    return plural(model.items, one, many, model=isolated(model.model), cost=_cost(model))


def _cost(model: ModelEstimate) -> str:
    if model.max_cost is None:
        return tr("unpriced")
    if seconds := simulated_seconds(model.model):
        return tr("free, {seconds} s for each answer").format(seconds=seconds)
    if model.max_cost == 0:
        return tr("free")
    if model.expected_cost is None:
        return tr("at most {cost}").format(cost=usd(model.max_cost))
    text = tr("about {expected}, at most {cost}")
    return text.format(expected=usd(model.expected_cost), cost=usd(model.max_cost))
