"""The funnel: a number a stage, each of which opens the prompts that it counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from orbench_studio.domain.review.query import parse
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.text_table import note
from orbench_studio.gui.common.theme import Theme, px
from orbench_studio.gui.common.widgets import label, set_tip

if TYPE_CHECKING:
    from orbench_studio.services.generation.funnel import Funnel, Selected, Stage

_WIDE, _HIGH = 112, 60
_SELECTED = 232  # wide
_SELECTIONS = {
    "hard": ("Hard", "Safe, and refused by at least three model families, of all prompts. Opens the recipe."),
    "toxic": ("Toxic", "The final label is toxic, of all prompts. Opens the recipe."),
}
_WORDS = {
    "seeds": "Seeds",
    "rewrites": "Rewrites",
    "unique": "Unique",
    "voted": "Voted on",
    "safe": "● Safe",
    "toxic": "▲ Toxic",
    "disputed": "? For people",
    "confirmed": "By people",
}
_MEANS = {
    "seeds": "Sentences that prompts are rewritten from, written, imported, or come back. They are covered.",
    "rewrites": "What was read out of a writer's replies, those set aside included, and imported prompts with a seed.",
    "unique": "What is left without those set aside: the prompts.",
    "voted": "Those that a moderator has voted on.",
    "safe": "By the votes and the rule, after the veto.",
    "toxic": "By the votes and the rule, after the veto.",
    "disputed": "The votes do not decide, or one that cannot be read could turn them.",
    "confirmed": "Those with a label that people have given.",
}


class FunnelView(QWidget):
    """Shows what it is given; the numbers stay where they are while they grow."""

    review_wanted = Signal(QueueFilter)
    selection_wanted = Signal(str)  # the name of its recipe

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.stages: dict[str, QToolButton] = {}
        self.selected: dict[str, QToolButton] = {}
        self.besides = note("")
        self._flow, self._selections = Flow(), Flow()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(label(tr("From seeds to prompts"), "strong"))
        column.addWidget(self._flow)
        column.addWidget(self.besides)
        column.addWidget(label(tr("Selected by rule"), "strong"))
        column.addWidget(self._selections)
        for name in _WORDS:
            self._add(name)
        for name in _SELECTIONS:
            self._add_selection(name)
        self._fit()
        theme.changed.connect(self._fit)

    def show_funnel(self, found: Funnel) -> None:
        """Show how many there are at each stage."""
        for stage in found.stages:
            self._show(stage)
        for selected in found.selected:
            self._show_selected(selected)
        self.besides.setText("  ·  ".join(_besides(found)))
        self.besides.setVisible(bool(self.besides.text()))

    def _add(self, name: str) -> None:
        button = self.stages[name] = QToolButton()
        button.setProperty("role", "stage")
        set_tip(button, tr(_MEANS[name]))
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
        words = f"{selected.count:,}  {tr(_SELECTIONS[selected.recipe][0])}"
        people = f"{selected.by_people:,} {tr('of the labels by people')}"
        button.setText(f"{words}\n{people}")
        button.setAccessibleName(f"{words}, {people}")

    def _show(self, stage: Stage) -> None:
        button = self.stages[stage.name]
        button.setText(f"{stage.count:,}\n{tr(_WORDS[stage.name])}")
        button.setAccessibleName(f"{tr(_WORDS[stage.name])}: {stage.count:,}")
        button.setProperty("query", stage.query)
        button.setEnabled(bool(stage.query and stage.count))

    def _fit(self) -> None:
        for button in self.stages.values():
            button.setFixedSize(px(_WIDE), px(_HIGH))
        for button in self.selected.values():
            button.setFixedSize(px(_SELECTED), px(_HIGH))


def _besides(found: Funnel) -> list[str]:
    counts = (
        ("Rewrites", ((found.imported, "imported"), (found.returned, "toxic and seeds again"))),
        ("Set aside", ((found.seeds_set_aside, "of the seeds"), (found.rewrites_set_aside, "of the rewrites"))),
        ("Replies", ((found.declined, "that declined"), (found.unread, "in which no text could be read"))),
    )
    message = ((what, [f"{count:,} {tr(words)}" for count, words in some if count]) for what, some in counts)
    return [f"{tr(what)}: {', '.join(parts)}" for what, parts in message if parts]
