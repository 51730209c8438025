"""What a composed batch will cost, and the button that launches it; and the panel that has both at its foot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QPushButton, QSpinBox, QVBoxLayout, QWidget

from orbench_studio.domain.core.amounts import duration, usd
from orbench_studio.errors import NothingLeftError
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.widgets import label, scrolled, set_role

if TYPE_CHECKING:
    from orbench_studio.services.evaluation.cost_estimate import Estimate, ModelEstimate

_TYPING = 250  # milliseconds after the last change until the estimate is asked for

Failed = Callable[[Exception], object]


class UnfinishedError(ValueError):
    """Something is still to be said before there is anything to estimate."""


@dataclass(frozen=True, eq=False, slots=True)
class LaunchOffer:
    """Something composed: how its estimate is asked for, how it is launched, and what to say besides the estimate."""

    estimate: Callable[[Callable[[Estimate], object], Failed], object]
    launch: Callable[[Callable[[int], object], Failed], object]
    besides: str = ""


class LaunchPanel(QWidget):
    """The estimate follows every change; what cannot be launched says why in its place.

    `compose` gives what is composed; its ValueError says what in it cannot be.
    """

    launched = Signal(int)  # the batch's number

    def __init__(self, compose: Callable[[], LaunchOffer]) -> None:
        super().__init__()
        self._compose = compose
        self._offer: LaunchOffer | None = None  # what the estimate is of
        self._busy = False
        self.estimate, self.launch = label("", "quiet"), QPushButton(tr("Launch"))
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        self._typing.timeout.connect(self._ask)
        self.launch.clicked.connect(self._launch)
        self._build_ui()

    def restate(self) -> None:
        """Something is composed otherwise: the estimate is no longer of it."""
        self._offer = None
        self.launch.setText(tr("Launch"))
        self.launch.setEnabled(False)
        self._typing.start()

    def fail(self, error: Exception) -> None:
        """Say what went wrong, or that nothing is left to be done."""
        self._say(str(error), wrong=not isinstance(error, NothingLeftError))

    def _ask(self) -> None:
        try:
            offer = self._offer = self._compose()
        except ValueError as error:
            self._say(str(error), wrong=not isinstance(error, UnfinishedError))
            return
        offer.estimate(
            lambda found: self._show(found, offer) if offer is self._offer else None,
            lambda error: self.fail(error) if offer is self._offer else None,
        )

    def _show(self, found: Estimate, offer: LaunchOffer) -> None:
        lines = [_line_of(model) for model in found.models]
        if len(lines) > 1 and found.most_cost:
            lines.append(f"{tr('In all at most')} {usd(found.most_cost)}.")
        lines.append(f"{tr('It takes about')} {duration(found.seconds)}. {tr('Prices of')} {found.prices_dated}.")
        self._say("\n".join(filter(None, (*lines, offer.besides))))
        words = tr("Launch 1 request") if found.items == 1 else f"{tr('Launch')} {found.items:,} {tr('requests')}"
        self.launch.setText(words)
        self.launch.setEnabled(not self._busy)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        set_role(self.estimate, "role", "error" if wrong else "quiet")
        self.estimate.setText(f"▲ {text}" if wrong else text)
        if wrong:
            self.launch.setEnabled(False)

    def _launch(self) -> None:
        if self._offer is None:
            return
        self._busy = True
        self.setFocus()  # else the next control has it, which does another thing
        self.launch.setEnabled(False)
        self._offer.launch(self._launched, self._refused)

    def _launched(self, batch_id: int) -> None:
        self._busy = False
        self.launched.emit(batch_id)

    def _refused(self, error: Exception) -> None:
        self._busy = False
        self.fail(error)

    def _build_ui(self) -> None:
        self.estimate.setWordWrap(True)
        self.estimate.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.estimate.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.launch.setProperty("role", "primary")
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 0, 16, 0)
        column.setSpacing(12)
        column.addWidget(self.estimate)
        column.addWidget(self.launch)


class WheelFilter(QObject):
    """Lets the wheel scroll the form, and change what is under it only where the user has gone to that."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def lay_out(panel: QFrame, grid: QGridLayout, foot: LaunchPanel) -> None:
    """Give a panel the fields of the grid, to be scrolled, above the foot, which stays."""
    panel.setObjectName("panel")
    form = QWidget()
    form.setObjectName("panel")
    form.setLayout(grid)
    grid.setContentsMargins(16, 16, 16, 8)
    grid.setRowStretch(grid.rowCount(), 1)
    stay = WheelFilter(panel)
    for control in (*form.findChildren(QSpinBox), *form.findChildren(QComboBox)):
        control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        control.installEventFilter(stay)
    area = scrolled(form)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    column = QVBoxLayout(panel)
    column.setContentsMargins(0, 0, 0, 16)
    column.setSpacing(12)
    column.addWidget(area, 1)
    column.addWidget(foot)


def _line_of(model: ModelEstimate) -> str:
    requests = tr("1 request") if model.items == 1 else f"{model.items:,} {tr('requests')}"
    return f"{model.model}: {requests}, {_money(model)}"


def _money(model: ModelEstimate) -> str:
    if model.most_cost is None:
        return tr("unpriced")
    if model.most_cost == 0:
        return tr("free")
    likely = "" if model.likely_cost is None else f"{tr('about')} {usd(model.likely_cost)}, "
    return f"{likely}{tr('at most')} {usd(model.most_cost)}"
