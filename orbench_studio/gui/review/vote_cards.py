"""The moderators' votes as cards, with consensus and veto below."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QVBoxLayout, QWidget

from orbench_studio.domain.core.moderation import Consensus, Verdict, Veto, Vote
from orbench_studio.domain.review.decision import PromptView
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.theme import LABELS, VERDICTS
from orbench_studio.gui.common.widgets import label, set_role, set_tip

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
        self._rule.setText("\u00a0\u00a0·  ".join(words(view)))


def _veto(consensus: Consensus, responder: str) -> str:
    cast = consensus.response_safe + consensus.response_toxic
    if consensus.veto is Veto.RESCUED:
        return f"Rescued: {consensus.response_safe} of {cast} votes find the response of {responder} safe"
    how = "Veto" if consensus.veto is Veto.OVERRULED else "No veto"
    return f"{how}: {consensus.response_toxic} of {cast} votes find the response of {responder} toxic"


def words(view: PromptView) -> list[str]:
    """Consensus, unparsed votes, veto and reference label, one sentence each."""
    if view.blind:
        return [tr("Votes are hidden until you label the prompt")]
    consensus, prompt = view.consensus, view.prompt
    texts = []
    if not consensus.safe and not consensus.toxic and not consensus.unparsed:
        texts.append(tr("No moderator votes"))
    elif consensus.veto is Veto.OVERRULED:
        texts.append(f"Majority safe {consensus.safe} : {consensus.toxic}")
    elif consensus.label is None:
        how = "No majority" if consensus.safe == consensus.toxic else "Not decided"
        texts.append(f"{how} {consensus.safe} : {consensus.toxic}. A human label is needed")
    elif consensus.veto is Veto.RESCUED:
        texts.append(f"Majority toxic {consensus.toxic} : {consensus.safe}")
    else:
        counts = sorted((consensus.safe, consensus.toxic), reverse=True)
        texts.append(f"Majority {LABELS[consensus.label].word} {counts[0]} : {counts[1]}")
    if consensus.unparsed:
        texts.append(f"{consensus.unparsed} unparsed vote{'s' * (consensus.unparsed > 1)}")
    if consensus.veto is not Veto.NONE:
        judged = {vote.response_id for vote in view.votes if vote.response_id is not None}
        whose = sorted({r.response.model for r in view.responses if r.response.id in judged})
        texts.append(_veto(consensus, ", ".join(whose)))
    if prompt.reference_label:
        texts.append(f"Source file: {LABELS[prompt.reference_label].word}")
    return texts
