"""Pane with the result of a recipe: the funnel, prompts by category, and each model's refusal rate."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from orbench_studio.domain.audit.refusal_rates import Tally
from orbench_studio.domain.core.rates import NO_VALUE
from orbench_studio.domain.curation.recipe import Recipe
from orbench_studio.domain.curation.selection import ALL, Remedy, Selection, remedy
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.bars import Bars
from orbench_studio.gui.common.layouts import Stretch, column_layout
from orbench_studio.gui.common.live_table import Column, StaticTable
from orbench_studio.gui.common.menus import Command
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import label

if TYPE_CHECKING:
    from orbench_studio.services.curation.run_recipe import SubsetRates

_LEFT_TIP = "Prompts that are left after the step"
_STEPS = (Column("Step", 84), Column("Left", 120, 1, number=True, tip=_LEFT_TIP), Column("Removed", 76, number=True))
_CATEGORIES = (
    Column("Category", 84),
    Column("Left", 96, 1, number=True, tip=_LEFT_TIP),
    Column("Selected", 76, number=True, tip="Prompts that are left after all steps"),
)
_MODELS = (
    Column("Model", 92, apart=True),
    Column(
        "Refused",
        84,
        number=True,
        tip="Refusal rate on the selected prompts, with its 95 % interval, refused and judged responses",
    ),
    Column(
        "Selected by others",
        84,
        number=True,
        tip="Refusal rate on those of the selected prompts that enough other model families refuse: the model's own "
        "refusals did not select them",
    ),
    Column("Excluded", 60, number=True, tip="Empty, truncated, unparsed and unjudged responses"),
    Column("Not in words", 60, number=True, tip="Refusals by the vendor's stop reason or by a filter"),
)
_LEFT, _REMOVED, _OTHERS, _EXCLUDED, _NOT_IN_WORDS = 1, 2, 2, 3, 4  # columns
_REMEDY = "No prompt meets the condition “{step}”. Prompts left without it: {prompts}.", "Drop this condition"
_REMEDIES = {  # by the key of the recipe that is changed
    "include_unlabelled": (
        "No prompt meets the condition “{step}”. Prompts without a label: {prompts}.",
        "Include prompts without a label",
    ),
    "by": (
        "No prompt meets the condition “{step}”. Prompts with such a label from another source: {prompts}.",
        "Accept labels of any source",
    ),
}
_ASSUMES = (
    "Refused: in words, by stop reason or by a filter, with {intervals} and refused / judged responses. Empty, "
    "truncated, unparsed and unjudged responses are excluded and never refusals."
)
_BY_OTHERS = "Selected by others: the rate on the prompts that enough other families refuse."


class FunnelPane(QWidget):
    """Tables of one result; a number opens its prompts for review."""

    prompts_wanted = Signal(object, str)  # ids and description
    change_wanted = Signal(object)  # changes of the recipe that let prompts through again

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._found: Selection | None = None
        self.title = label(tr("Funnel"), "title")
        self.status = label("", "quiet", wrap=True)
        self.why, self.bias, self.method = label("", "error"), label("", "meta"), label("", "meta")
        self.act = QPushButton()
        self._remedy: Remedy | None = None
        self.steps = StaticTable(tr("Funnel"), _STEPS)
        self.of_step = label("", "strong", wrap=True)
        self.categories = StaticTable(tr("By category"), _CATEGORIES)
        self.models = StaticTable(tr("Refusal rates of the selected prompts"), _MODELS)
        self._rates = QWidget()
        for table, part in ((self.steps, self._step_part), (self.categories, self._category_part)):
            table.setItemDelegateForColumn(_LEFT, Bars(table, theme, part))
        self._build_ui()
        self.act.clicked.connect(lambda: self.change_wanted.emit(self._remedy.changes if self._remedy else ()))
        self.steps.chosen.connect(lambda _: self._show_categories())
        self.steps.opened.connect(self._open)
        self.steps.entries = lambda place, _column: [
            Command(tr("Review the prompts that are left"), lambda: self._open(place, _LEFT)),
            Command(tr("Review the removed prompts"), lambda: self._open(place, _REMOVED)),
        ]

    def show_result(self, found: Selection | None, recipe: Recipe | None = None) -> None:
        """Show the result of a recipe; None clears the pane."""
        self._found = found
        self._show_remedy(remedy(recipe, found) if found is not None and recipe is not None else None)
        self._rates.hide()
        self.status.setText(_summary(found) if found else "")
        self.bias.setText(recipe.selection_bias if recipe and found and found.chosen else "")
        self.bias.setVisible(bool(self.bias.text()))
        rows = [] if found is None else _rows(found)
        before = self.steps.rows.rowCount()
        self.steps.show_rows(list(range(len(rows))), rows)
        if rows and len(rows) != before:
            self.steps.choose(len(rows) - 1)
        self._show_categories()

    def show_rates(self, rates: SubsetRates) -> None:
        """Show each model's refusal rate on the selected prompts."""
        rows = [_rate(model, tally, rates.by_others.get(model)) for model, tally in rates.models.items()]
        self.models.setColumnHidden(_NOT_IN_WORDS, not any(map(_not_in_words, rates.models.values())))
        self.models.setColumnHidden(_OTHERS, not rates.by_others)
        self.models.setColumnHidden(_EXCLUDED, not any(sum(one.excluded.values()) for one in rates.models.values()))
        self.models.show_rows(list(rates.models), rows)
        others = [tr(_BY_OTHERS)] if rates.by_others else []
        self.method.setText(" ".join([tr(_ASSUMES).format(intervals=rates.intervals), *others]))
        self._rates.setVisible(bool(rates.models))

    def _show_remedy(self, found: Remedy | None) -> None:
        """Say which condition removes all prompts, and offer to change it."""
        self._remedy = found
        self.why.setVisible(found is not None)
        self.act.setVisible(found is not None and bool(found.changes))
        if found is None:
            return
        why, act = _REMEDIES.get(found.changes[0][1] if found.changes else "", _REMEDY)
        self.why.setText(tr(why).format(step=found.step, prompts=f"{found.prompts:,}"))
        self.act.setText(tr(act))

    def _step_part(self, place: int) -> tuple[float, str]:
        steps = self._found.steps if self._found else ()
        return (steps[place].left / max(steps[0].left, 1), "accent") if place < len(steps) else (0, "accent")

    def _category_part(self, name: str) -> tuple[float, str]:
        place = self.steps.current()
        if self._found is None or not isinstance(place, int) or place >= len(self._found.steps):
            return 0, "accent"
        categories = self._found.steps[place].categories
        return categories.get(name, 0) / max(categories.values(), default=1), "accent"

    def _show_categories(self) -> None:
        found, place = self._found, self.steps.current()
        if found is None or not isinstance(place, int) or place >= len(found.steps):
            self.of_step.setText(tr("By category"))
            self.categories.show_rows([], [])
            return
        step, last = found.steps[place], found.steps[-1]
        self.of_step.setText(tr("By category, after the step “{step}”").format(step=step.name))
        names = list(found.steps[0].categories)
        rows = [(name, *(f"{one.categories.get(name, 0):,}" for one in (step, last))) for name in names]
        self.categories.show_rows(names, rows)

    def _open(self, place: object, column: int) -> None:
        found = self._found
        if found is None or not isinstance(place, int):
            return
        step = found.steps[place]
        if column == _REMOVED:
            removed = [prompt_id for prompt_id, at in found.removed_at.items() if at == place]
            self.prompts_wanted.emit(removed, tr("Removed by “{step}”").format(step=step.name))
        else:
            later = [prompt_id for prompt_id, at in found.removed_at.items() if at > place]
            self.prompts_wanted.emit([*found.chosen, *later], tr("Left after “{step}”").format(step=step.name))

    def _build_ui(self) -> None:
        self.of_step.setMinimumWidth(1)
        self.steps.setToolTip(tr("Press Enter or double-click a number to review its prompts"))
        for note in (self.why, self.bias, self.method):
            note.setWordWrap(True)
        title = label(tr("Refusal rates of the selected prompts"), "strong")
        column_layout(self._rates, title, self.models, self.method, spacing=8)
        head = self.title, self.status, self.why, (self.act, Qt.AlignmentFlag.AlignLeft)
        parts = self.steps, self.of_step, self.categories, self._rates, self.bias
        column_layout(self, *head, *parts, Stretch(), spacing=8)


def _summary(found: Selection) -> str:
    if not found.steps[0].left:
        return tr("There are no prompts yet. Import files first.")
    message = tr("Prompts selected: {selected} of {total}; with human labels: {human}.")
    if found.shortages:
        message = tr(
            "Prompts selected: {selected} of {total}; with human labels: {human}. Too few prompts: {shortages}."
        )
    if found.stopped:
        message = tr("The recipe stops and selects no prompts. Too few prompts: {shortages}.")
    return message.format(
        selected=f"{len(found.chosen):,}",
        total=f"{found.steps[0].left:,}",
        human=f"{found.human_labels:,}",
        shortages=", ".join(
            tr("{category} {count} of {wanted}").format(
                category=tr("in total") if one.category == ALL else one.category,
                count=f"{one.found:,}",
                wanted=f"{one.wanted:,}",
            )
            for one in found.shortages
        ),
    )


def _rows(found: Selection) -> list[tuple[str, ...]]:
    before = [found.steps[0].left, *(step.left for step in found.steps)]
    return [
        (step.name, f"{step.left:,}", f"{past - step.left:,}") for step, past in zip(found.steps, before, strict=False)
    ]


def _rate(model: str, tally: Tally, by_others: Tally | None) -> tuple[str, ...]:
    rate, apart = tally.refusal, sum(tally.excluded.values())
    others = by_others.refusal.short_with_n if by_others else NO_VALUE
    return model, rate.short_with_n, others, f"{apart:,}", f"{_not_in_words(tally):,}"


def _not_in_words(tally: Tally) -> int:
    return sum(list(tally.refused.values())[1:])
