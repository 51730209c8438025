"""The moderators' votes, one row each, with consensus and veto below."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QVBoxLayout, QWidget

from orbench_studio.domain.core.moderation import Verdict, Vote
from orbench_studio.domain.review.decision import PromptView
from orbench_studio.gui.common.actions import SHORTCUTS, key_text, tr
from orbench_studio.gui.common.elided_label import ElidedLabel
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import column_layout, row_layout
from orbench_studio.gui.common.theme import VERDICTS, px
from orbench_studio.gui.common.widgets import label, set_role, set_tip
from orbench_studio.gui.review.decision_words import SEPARATOR, consensus_words, mark_words

_GAP = 12


class VoteRow(QWidget):
    """One moderator: name, verdict with shape and word, category, explanation on demand."""

    def __init__(self) -> None:
        super().__init__()
        self._moderator = ElidedLabel()
        self._verdict = label("", "strong")
        self._explanation = label("", "meta", wrap=True)
        self._explanation.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._row = row_layout(None, (self._moderator, 1), self._verdict, spacing=2)
        column_layout(self, self._row, self._explanation, spacing=2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Place the verdict below the name where both do not fit into one line."""
        needed = self._moderator.sizeHint().width() + self._verdict.sizeHint().width() + px(_GAP)
        below = needed > self.width()
        self._row.setDirection(QBoxLayout.Direction.TopToBottom if below else QBoxLayout.Direction.LeftToRight)

    def show_vote(self, vote: Vote, *, explained: bool) -> None:
        mark = VERDICTS[vote.verdict]
        self._moderator.setText(vote.moderator)
        self._verdict.setText(" · ".join(filter(None, (mark_words(mark), vote.category))))
        set_role(self._verdict, "role", f"verdict-{mark.colour}")
        self._fit()
        unread = vote.verdict is Verdict.UNPARSED and vote.raw
        self._explanation.setText(vote.raw if unread else vote.explanation or tr("No explanation."))
        self._explanation.setVisible(explained)
        template = tr("Template {hash}").format(hash=vote.template_hash[:12]) if vote.template_hash else ""
        set_tip(self, ". ".join(filter(None, (vote.moderator, template))))
        self.setAccessibleName(f"{vote.moderator}: {mark.word}")


class VotesPane(QFrame):
    """The votes on a prompt, with consensus and veto below; hidden until the reviewer decides."""

    def __init__(self) -> None:
        super().__init__()
        self._view: PromptView | None = None
        self._explained = False
        self._covered = False
        self._rows: list[VoteRow] = []
        self.title = label(tr("Moderator votes"), "strong")
        self._key = label("", "meta")
        self._list = QVBoxLayout()
        self._rule = label("", "quiet", wrap=True)
        self._build_ui()
        SHORTCUTS.changed.connect(self._show)

    def show_view(self, view: PromptView) -> None:
        """Show the votes on the prompt itself; the text below includes those on responses."""
        self._view = view
        self._show()

    def toggle_explanations(self) -> None:
        self._explained = not self._explained
        self._show()

    def hide_reasons(self, *, covered: bool) -> None:
        """Hide the moderators' explanations, which can quote a covered prompt."""
        if covered != self._covered:
            self._covered = covered
            self._show()

    def _show(self) -> None:
        view = self._view
        if view is None:
            return
        votes = sorted((v for v in view.votes if v.response_id is None), key=lambda v: v.moderator)
        key = key_text("explanations")
        text = tr("{key} hides explanations" if self._explained else "{key} shows explanations")
        self._key.setText(text.format(key=key) if votes and key else "")
        self._show_rows(votes)
        hidden = tr(
            "Hidden until you label the prompt. {key} ends blind review: your labels then do not count as blind."
        ).format(key=key_text("blind"))
        self._rule.setText(hidden if view.blind else SEPARATOR.join(consensus_words(view)))

    def _show_rows(self, votes: Sequence[Vote]) -> None:
        while len(self._rows) < len(votes):
            self._rows.append(VoteRow())
            self._list.addWidget(self._rows[-1])
        for place, row in enumerate(self._rows):
            row.setVisible(place < len(votes))
            if place < len(votes):
                row.show_vote(votes[place], explained=self._explained and not self._covered)

    def _build_ui(self) -> None:
        self._list.setSpacing(8)
        column_layout(
            self, Flow(self.title, self._key, spacing=12), self._list, self._rule, margins=(20, 12, 20, 8), spacing=8
        )
