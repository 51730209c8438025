"""The final label of a prompt and its source."""

from dataclasses import dataclass

from orbench_studio.domain.core.annotation import Basis, HumanVerdict, Label
from orbench_studio.domain.core.moderation import Consensus


@dataclass(frozen=True, slots=True)
class FinalLabel:
    """A label with its basis; None if it is undecided or disputed."""

    label: Label | None
    basis: Basis


def final_label(human: HumanVerdict | None, consensus: Consensus, reference: Label | None) -> FinalLabel:
    """The human label if there is one, else the consensus of the moderators, else the label in the source file."""
    if human is not None:
        if human.disputed:
            return FinalLabel(None, Basis.DISPUTED)
        return FinalLabel(Label(human.value or ""), Basis.HUMAN)
    if consensus.label is not None:
        return FinalLabel(consensus.label, Basis.CONSENSUS)
    if reference is not None:
        return FinalLabel(reference, Basis.REFERENCE)
    return FinalLabel(None, Basis.NONE)
