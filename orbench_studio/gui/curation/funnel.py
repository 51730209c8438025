"""What a recipe makes of the workspace: the funnel, what is left by category, and each model's rate."""

from collections.abc import Mapping

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from orbench_studio.domain.audit.refusal_rates import Tally
from orbench_studio.domain.curation.selection import Selection
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import label

_STEPS = (Column("Step", 140, 1), Column("Left", 60, number=True), Column("Fell", 60, number=True))
_CATEGORIES = (Column("Category", 110, 1), Column("Left", 60, number=True), Column("Taken", 60, number=True))
_MODELS = (
    Column("Model", 84, 1),
    Column("Refuses", 70, number=True),
    Column("95 %", 90, number=True),
    Column("n", 50, number=True),
    Column("Apart", 50, number=True),
)
FELL = 2  # column
_ASSUMES = (
    "Rates of all responses to these prompts; Wilson intervals, responses taken as independent. What is blocked, "
    "empty, truncated, unreadable or not judged is counted apart and is no refusal."
)


class FunnelPane(QWidget):
    """Tables of one result; a line opens the prompts behind its number."""

    prompts_wanted = Signal(object, str)  # ids, and what they are

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._found: Selection | None = None
        self.title = label(tr("Funnel"), "title")
        self.says = label("", "quiet")
        self.steps = Table(theme, tr("Funnel"), _STEPS)
        self.of_step = label("", "strong")
        self.categories = Table(theme, tr("By category"), _CATEGORIES)
        self.models = Table(theme, tr("Rates on these prompts"), _MODELS)
        self._build_ui()
        self.steps.chosen.connect(lambda _: self._show_categories())
        self.steps.opened.connect(self._open)

    def show_result(self, found: Selection | None) -> None:
        """Show what came of a recipe; None while there is nothing to show."""
        self._found = found
        self.models.show_rows([], [])
        self.says.setText(_words(found) if found else "")
        rows = [] if found is None else _rows(found)
        before = self.steps.rows.rowCount()
        self.steps.show_rows(list(range(len(rows))), rows)
        if rows and len(rows) != before:
            self.steps.choose(len(rows) - 1)
        self._show_categories()

    def show_rates(self, rates: Mapping[str, Tally]) -> None:
        """Show what the models do on the prompts that were taken."""
        self.models.show_rows(list(rates), [_rate(model, tally) for model, tally in rates.items()])

    def minimumSizeHint(self) -> QSize:
        """As high as all of it is where it is narrowest: the words take more lines there."""
        layout = self.layout()
        assert layout is not None  # made with the pane
        narrowest, around = max(self.minimumWidth(), layout.totalMinimumSize().width()), self.contentsMargins()
        inner = layout.minimumHeightForWidth(narrowest - around.left() - around.right())
        return QSize(narrowest, inner + around.top() + around.bottom())

    def _show_categories(self) -> None:
        found, place = self._found, self.steps.current()
        if found is None or not isinstance(place, int) or place >= len(found.steps):
            self.of_step.setText(tr("By category"))
            self.categories.show_rows([], [])
            return
        step, last = found.steps[place], found.steps[-1]
        self.of_step.setText(f"{tr('By category')} · {step.words}")
        names = list(found.steps[0].categories)
        rows = [(name, _count(step.categories.get(name, 0)), _count(last.categories.get(name, 0))) for name in names]
        self.categories.show_rows(names, rows)

    def _open(self, place: object, column: int) -> None:
        found = self._found
        if found is None or not isinstance(place, int):
            return
        step = found.steps[place]
        if column == FELL:
            self.prompts_wanted.emit([of for of, at in found.fell.items() if at == place], f"fell at “{step.words}”")
        else:
            later = [prompt_id for prompt_id, at in found.fell.items() if at > place]
            self.prompts_wanted.emit([*found.chosen, *later], f"left after “{step.words}”")

    def _build_ui(self) -> None:
        self.says.setWordWrap(True)
        self.of_step.setMinimumWidth(1)
        self.steps.setToolTip(tr("Enter, or a double click, opens the prompts behind a number in review"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.title)
        column.addWidget(self.says)
        column.addWidget(self.steps, 3)
        column.addWidget(self.of_step)
        column.addWidget(self.categories, 3)
        column.addWidget(label(tr("Rates on the prompts that are taken"), "strong"))
        column.addWidget(self.models, 3)
        note = label(tr(_ASSUMES), "meta")
        note.setWordWrap(True)
        column.addWidget(note)


def _words(found: Selection) -> str:
    taken = f"{len(found.chosen):,} {tr('of')} {found.steps[0].left:,} {tr('prompts are taken.')}"
    taken += f" {tr('Labels by people')}: {found.by_people:,}."
    short = "; ".join(one.words for one in found.short)
    if found.stopped:
        return f"{tr('The recipe stops, because there are only')} {short}."
    return f"{taken} {tr('There are only')} {short}." if short else taken


def _rows(found: Selection) -> list[tuple[str, ...]]:
    before = [found.steps[0].left, *(step.left for step in found.steps)]
    return [
        (step.words, f"{step.left:,}", _count(past - step.left))
        for step, past in zip(found.steps, before, strict=False)
    ]


def _count(number: int) -> str:
    return f"{number:,}" if number else "–"


def _rate(model: str, tally: Tally) -> tuple[str, ...]:
    rate, apart = tally.refusal, sum(tally.excluded.values())
    if rate.value is None or rate.interval is None:
        return (model, "–", "–", "0", _count(apart))
    low, high = rate.interval
    return (model, f"{100 * rate.value:.0f} %", f"{100 * low:.0f} – {100 * high:.0f} %", f"{rate.n:,}", _count(apart))
