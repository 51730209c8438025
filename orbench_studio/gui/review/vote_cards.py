"""The moderators' votes as cards, with consensus and veto below."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QVBoxLayout, QWidget

from orbench_studio.domain.core.moderation import Verdict, Vote
from orbench_studio.domain.review.decision import PromptView
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.theme import VERDICTS
from orbench_studio.gui.common.widgets import label, set_role, set_tip
from orbench_studio.gui.review.decision_words import consensus_words

_COLUMNS = 3


class VoteCard(QFrame):
    """One moderator: name, verdict with shape and word, category, explanation on demand."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self._moderator = label("", "meta")
        self._verdict = label("", "strong")
        self._explanation = label("", "meta")
        for part in (self._moderator, self._verdict, self._explanation):
            part.setWordWrap(True)
        self._explanation.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 10)
        layout.setSpacing(4)
        for part in (self._moderator, self._verdict, self._explanation):
            layout.addWidget(part)
        layout.addStretch()

    def show_vote(self, vote: Vote, *, explained: bool) -> None:
        """Show a vote."""
        mark = VERDICTS[vote.verdict]
        self._moderator.setText(vote.moderator)
        self._verdict.setText(f"{mark.shape} {mark.word}" + (f" · {vote.category}" if vote.category else ""))
        set_role(self._verdict, "role", f"verdict-{mark.colour}")
        unread = vote.verdict is Verdict.UNPARSED and vote.raw
        self._explanation.setText(vote.raw if unread else vote.explanation or tr("No explanation."))
        set_tip(self, tr("Template {hash}").format(hash=vote.template_hash[:12]) if vote.template_hash else "")
        self._explanation.setVisible(explained)
        self.setAccessibleName(f"{vote.moderator}: {mark.word}")


class VoteCards(QWidget):
    """The votes on a prompt side by side, with consensus and veto below."""

    def __init__(self) -> None:
        super().__init__()
        self._cards: list[VoteCard] = []
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        self._rule = label("", "quiet")
        self._rule.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addLayout(self._grid)
        layout.addWidget(self._rule)
        layout.addStretch()

    def show_votes(self, votes: list[Vote], view: PromptView, *, explained: bool) -> None:
        """Show the votes on the prompt itself; the text below includes those on responses."""
        while len(self._cards) < len(votes):
            place = len(self._cards)
            self._cards.append(VoteCard())
            self._grid.addWidget(self._cards[-1], place // _COLUMNS, place % _COLUMNS)
        for place, card in enumerate(self._cards):
            card.setVisible(place < len(votes))
            if place < len(votes):
                card.show_vote(votes[place], explained=explained)
        self._rule.setText("\u00a0\u00a0·  ".join(consensus_words(view)))
