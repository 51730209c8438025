"""The buttons of the decisions, with their keys."""

from PySide6.QtWidgets import QFrame, QHBoxLayout

from orbench_studio.domain.core.annotation import Aspect, Label, Visible
from orbench_studio.domain.review.decision import PromptView
from orbench_studio.gui.common.actions import Actions, tr
from orbench_studio.gui.common.theme import LABELS, Theme
from orbench_studio.gui.common.widgets import KeyButton

_LABELS = {
    Label.SAFE: "label_safe",
    Label.TOXIC: "label_toxic",
    Label.CONTROVERSIAL: "label_controversial",
}
_PLAIN = {"category": "category", "seed": "Seed", "keep": "Keep", "skip": "Skip", "flag": "⚑ Flag", "note": "✎ Note"}


class DecisionBar(QFrame):
    """Buttons for the prompt's label, category and skip; the page places the others beside the text."""

    def __init__(self, theme: Theme, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._labels = {
            of: KeyButton(theme, actions[name], _words(of), colour=LABELS[of].colour, tint=LABELS[of].tint or "")
            for of, name in _LABELS.items()
        }  # fmt: skip
        self._plain = {name: KeyButton(theme, actions[name], words) for name, words in _PLAIN.items()}
        self._build_ui()

    def marks(self) -> list[KeyButton]:
        """The buttons that mark a prompt without deciding it; they belong beside its text."""
        return [self._plain[name] for name in ("category", "seed", "flag", "note")]

    def show_view(self, view: PromptView | None, annotator: str) -> None:
        """Show the reviewer's decisions about the prompt; without a prompt all buttons are disabled."""
        for button in (*self._labels.values(), *self._plain.values()):
            button.setEnabled(view is not None)
        mine = view.last_by(annotator, Aspect.LABEL) if view else None
        for of, button in self._labels.items():
            button.setChecked(mine == of)
        last = view.last_label(annotator) if view else None
        keeps = last is not None and Visible.VOTES not in last.visible
        self._plain["keep"].setVisible(keeps)
        self._plain["skip"].setVisible(not keeps)  # both continue without a new label, so they share one place
        if view:
            self._plain["category"].say(view.category or tr("no category"))
            self._plain["seed"].setVisible(view.prompt.seed is not None)
            self._plain["flag"].setChecked(view.last_by(annotator, Aspect.FLAG) == "on")
            self._plain["note"].setChecked(bool(view.last_by(annotator, Aspect.NOTE)))

    def _build_ui(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 14, 12, 14)
        layout.setSpacing(8)
        for button in self._labels.values():
            layout.addWidget(button)
        layout.addStretch()
        layout.addWidget(self._plain["keep"])
        layout.addWidget(self._plain["skip"])


def _words(of: Label) -> str:
    return f"{LABELS[of].shape} {tr(str(of).capitalize())}"
