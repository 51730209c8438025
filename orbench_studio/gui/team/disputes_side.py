"""What one person says of what is disputed: the decision, when, what was in view, and why."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.review.timeline import Event
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.theme import ANSWERS, LABELS
from orbench_studio.gui.common.widgets import label, set_role
from orbench_studio.gui.review.timeline_dialog import seen


class SideCard(QFrame):
    """A card of a fixed make-up, so that two can be compared line by line."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self._who = label("", "strong")
        self._says = label("", "strong")
        self._when = label("", "meta")
        self._why = label("", "quiet")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.setSpacing(4)
        for part in (self._who, self._says, self._when, self._why):
            part.setWordWrap(True)
            part.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            layout.addWidget(part)
        layout.addStretch()

    def show_side(self, event: Event) -> None:
        """Show a decision."""
        said = event.annotation
        assert said is not None  # what is disputed are decisions
        mark = LABELS[Label(said.value)] if said.aspect is Aspect.LABEL else ANSWERS[AnswerClass(said.value)]
        self._who.setText(said.annotator)
        self._says.setText(f"{mark.shape} {mark.word}")
        set_role(self._says, "role", f"verdict-{mark.colour}")
        about = [f"{event.at.astimezone():%Y-%m-%d %H:%M}", seen(said)]
        about += [f"{tr('guidelines')} {event.guideline}"] if event.guideline else []
        about += [tr("adjudicated")] if said.adjudicated else []
        self._when.setText("  ·  ".join(about))
        self._why.setText((said.reason or "").replace("_", " ") or tr("no reason given"))
        self.setAccessibleName(f"{said.annotator}: {mark.word}")
