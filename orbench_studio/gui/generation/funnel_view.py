"""The funnel: the number of each stage, which opens its prompts in review."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QToolButton, QWidget

from orbench_studio.domain.review.query import parse
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.text_table import note
from orbench_studio.gui.common.theme import Theme, px
from orbench_studio.gui.common.widgets import label, set_tip
from orbench_studio.services.generation.funnel import Funnel, Selected, Stage

_WIDE, _HIGH = 88, 60
_SELECTED_WIDE = 232
_SELECTIONS = {
    "hard": ("Hard", "All safe prompts refused by at least three model families. Click to open the recipe."),
    "toxic": (
        "Toxic",
        "All prompts with the final label toxic: from the votes of moderators, people or the source file. Click to "
        "open the recipe.",
    ),
}
_TITLES = {
    "seeds": "Seeds",
    "rewrites": "Rewrites",
    "unique": "No duplicates",
    "voted": "Voted on",
    "safe": "● Voted safe",
    "toxic": "▲ Voted toxic",
    "disputed": "? No consensus",
    "confirmed": "Labelled",
}
_TIPS = {
    "seeds": "Seeds that were written, imported, or returned from toxic rewrites. Seeds are hidden.",
    "rewrites": "All rewrites with the rejected ones, and imported prompts with a seed.",
    "unique": "Rewrites that were not rejected: the prompts.",
    "voted": "Rewritten prompts with at least one vote.",
    "safe": "Rewritten prompts by consensus of the votes, after the veto.",
    "toxic": "Rewritten prompts by consensus of the votes, after the veto.",
    "disputed": "Votes without a consensus, or with unparsed votes that could change it.",
    "confirmed": "Prompts with a human label.",
}


class FunnelView(QWidget):
    """Shows the funnel. Positions are fixed while the numbers grow."""

    review_wanted = Signal(QueueFilter)
    selection_wanted = Signal(str)  # the name of its recipe

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.stages: dict[str, QToolButton] = {}
        self.selected: dict[str, QToolButton] = {}
        self.details = note("")
        self._flow, self._selections = Flow(), Flow()
        column_layout(
            self,
            label(tr("From seeds to rewritten prompts"), "strong"),
            self._flow,
            self.details,
            label(tr("Subsets of all prompts"), "strong"),
            self._selections,
            spacing=8,
        )
        for name in _TITLES:
            self._add(name)
        for name in _SELECTIONS:
            self._add_selection(name)
        self._fit()
        theme.changed.connect(self._fit)

    def show_funnel(self, found: Funnel) -> None:
        """Show the number of each stage."""
        for stage in found.stages:
            self._show(stage)
        for selected in found.selected:
            self._show_selected(selected)
        self.details.setText("  ·  ".join(_details(found)))
        self.details.setVisible(bool(self.details.text()))

    def _add(self, name: str) -> None:
        button = self.stages[name] = QToolButton()
        button.setProperty("role", "stage")
        set_tip(button, tr(_TIPS[name]))
        button.clicked.connect(lambda: self.review_wanted.emit(parse(str(button.property("query")))))
        self._flow.add(button)

    def _add_selection(self, name: str) -> None:
        button = self.selected[name] = QToolButton()
        button.setProperty("role", "stage")
        set_tip(button, tr(_SELECTIONS[name][1]))
        button.clicked.connect(lambda: self.selection_wanted.emit(name))
        self._selections.add(button)

    def _show_selected(self, selected: Selected) -> None:
        button = self.selected[selected.recipe]
        texts = {"name": tr(_SELECTIONS[selected.recipe][0])}
        title = plural(selected.count, "{name}: 1 prompt", "{name}: {count} prompts", **texts)
        human = tr("With a human label: {count}").format(count=f"{selected.by_people:,}")
        button.setText(f"{title}\n{human}")
        button.setAccessibleName(f"{title}, {human}")

    def _show(self, stage: Stage) -> None:
        button = self.stages[stage.name]
        title, count = tr(_TITLES[stage.name]), f"{stage.count:,}"
        button.setText(f"{count}\n{title}")
        button.setAccessibleName(tr("{stage}: {count}").format(stage=title, count=count))
        button.setProperty("query", stage.query)
        button.setEnabled(bool(stage.query and stage.count))

    def _fit(self) -> None:
        for buttons, wide in ((self.stages, _WIDE), (self.selected, _SELECTED_WIDE)):
            for button in buttons.values():
                button.setMinimumWidth(px(wide))  # more where its text needs it
                button.setFixedHeight(px(_HIGH))


def _details(found: Funnel) -> list[str]:
    counts = (
        (found.imported, tr("rewrites imported: {count}")),
        (found.returned, tr("toxic rewrites returned as seeds: {count}")),
        (found.seeds_set_aside, tr("duplicate seeds rejected: {count}")),
        (found.rewrites_set_aside, tr("duplicate rewrites rejected: {count}")),
        (found.declined, tr("replies declined: {count}")),
        (found.unread, tr("replies without text: {count}")),
    )
    return [template.format(count=f"{count:,}") for count, template in counts if count]
