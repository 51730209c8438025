"""What people's own decisions tell of each other: on the same prompt seen twice, and before and after a reveal."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from orbench_studio.domain.core.annotation import Annotation, Aspect, Visible
from orbench_studio.domain.core.rates import Rate

NOT_AGAIN_FOR = timedelta(days=14)  # a prompt shown again is left alone
_SHOWN_LATER = frozenset({Visible.VOTES, Visible.JUDGEMENTS})


def self_consistency(decided: Mapping[int, Iterable[Annotation]]) -> dict[str, Rate]:
    """How often each annotator gave a prompt that was silently shown again the label of before.

    `decided` has the decisions in force in order of time, by prompt. Counted is the first label given each time a
    prompt is shown again, against the annotator's last label before it that was given with as much in view, among many
    at once apart; what follows within a fortnight is the same showing.
    """
    found: dict[str, list[bool]] = {}
    for annotations in decided.values():
        labels: dict[tuple[str, bool], str] = {}
        shown: dict[str, datetime] = {}
        for annotation in annotations:
            if annotation.imported or annotation.adjudicated:
                continue
            key = annotation.annotator, bool(annotation.visible & _SHOWN_LATER)
            if annotation.aspect is Aspect.LABEL and Visible.RESPONSES in annotation.visible:
                labels[key] = annotation.value
            elif annotation.aspect is Aspect.RECHECK and key in labels:
                before = shown.get(annotation.annotator)
                if before is not None and annotation.at - before < NOT_AGAIN_FOR:
                    continue
                shown[annotation.annotator] = annotation.at
                same = annotation.value == labels[key]
                found.setdefault(annotation.annotator, []).append(same)
    return {annotator: Rate(sum(same), len(same)) for annotator, same in sorted(found.items())}


@dataclass(frozen=True, slots=True)
class Reveal:
    """A decision made blind and what became of it once votes or judgements were visible.

    `machine` is what the machines say of the same thing now: the moderators' consensus, or the judge that counts.
    """

    before: str
    after: str
    machine: str | None

    @property
    def changed(self) -> bool:
        """True where another value was decided."""
        return self.after != self.before

    @property
    def toward(self) -> bool:
        """True where the change is to what the machines say."""
        return self.changed and self.after == self.machine

    @property
    def away(self) -> bool:
        """True where the change is from what the machines say."""
        return self.changed and self.before == self.machine


@dataclass(frozen=True, slots=True)
class Reveals:
    """What became of decisions once more was visible: of those changed, which way, the rest being neither."""

    changed: Rate
    toward: int
    away: int

    @property
    def kept(self) -> int:
        """How many stayed as they were."""
        return self.changed.n - self.changed.count


def revealed(annotations: Iterable[Annotation], seen_at: datetime | None = None) -> tuple[str, str] | None:
    """The blind label of one annotator for one prompt, and their label after votes or judgements were revealed.

    Takes the annotations in order of time, and when the annotator first saw more, undone decisions included.
    None where the first label was not blind, or nothing was revealed. Only a
    decision with `Visible.CHANGE` changes a label that was revealed. Journals of versions before that word have a
    second label with votes visible instead, also where the first one was confirmed.
    """
    ordered = [a for a in annotations if not (a.imported or a.adjudicated)]
    if not ordered or ordered[0].visible & (_SHOWN_LATER | {Visible.FILTER}):
        return None
    if seen_at is not None and seen_at < ordered[0].at:
        return None
    marked = Visible.REVEAL in ordered[0].visible
    later = [a for a in ordered[1:] if a.visible & _SHOWN_LATER and (Visible.CHANGE in a.visible) == marked]
    return (ordered[0].value, (later or ordered)[-1 if later else 0].value) if later or marked else None


def count_reveals(reveals: Iterable[Reveal]) -> Reveals:
    """How many were changed, and which way."""
    there = list(reveals)
    changed = Rate(sum(r.changed for r in there), len(there))
    return Reveals(changed, sum(r.toward for r in there), sum(r.away for r in there))
