"""Card with one side of a dispute: the decision, its time, what was visible, and the reason."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QFrame

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.review.timeline import Event
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.elided_label import FoldingLabel
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.theme import ANSWERS, LABELS
from orbench_studio.gui.common.widgets import label, set_role, set_tip
from orbench_studio.gui.review.timeline_dialog import seen


class SideCard(QFrame):
    """Shows one decision in fixed lines, so that cards can be compared line by line."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self._annotator = label("", "strong", wrap=True)
        self._value = label("", "strong", wrap=True)
        self._when = label("", "meta", wrap=True)
        self._reason = FoldingLabel("", "quiet")
        self._head = row_layout(None, self._annotator, (self._value, 1), spacing=12)
        column_layout(self, self._head, self._when, self._reason, Stretch(), margins=(12, 8, 12, 10), spacing=4)
        for part in (self._annotator, self._value, self._when, self._reason):
            part.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def fold(self, *, folded: bool, wide: bool) -> None:
        """Show only name, decision and the beginning of the reason, in two lines where the card is wide; or all."""
        beside = folded and wide
        self._head.setDirection(QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom)
        self._when.setHidden(folded)
        self._reason.fold(folded=folded)

    def show_side(self, event: Event) -> None:
        decision = event.annotation
        assert decision is not None  # the sides of a dispute are decisions
        mark = (
            LABELS[Label(decision.value)] if decision.aspect is Aspect.LABEL else ANSWERS[AnswerClass(decision.value)]
        )
        self._annotator.setText(decision.annotator)
        self._value.setText(f"{mark.shape} {mark.word}")
        set_role(self._value, "role", f"verdict-{mark.colour}")
        about = [
            f"{event.at.astimezone():%Y-%m-%d %H:%M}",
            seen(decision) if decision.imported else tr("saw: {what}").format(what=seen(decision)),
        ]
        about += [tr("guidelines version {version}").format(version=event.guideline)] if event.guideline else []
        about += [tr("adjudicated")] if decision.adjudicated else []
        self._when.setText("  ·  ".join(about))
        set_tip(self, self._when.text())
        self._reason.setText((decision.reason or "").replace("_", " ") or tr("No reason given"))
        self.setAccessibleName(f"{decision.annotator}: {mark.word}")
