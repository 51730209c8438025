"""Disagreements between annotators, and the decisions on each side."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from orbench_studio.domain.core.annotation import Aspect, Visible
from orbench_studio.domain.review.timeline import Event

SEEN = frozenset({Visible.RESPONSES, Visible.DECISIONS})  # what the person who settles a dispute sees


@dataclass(frozen=True, slots=True)
class Dispute:
    """A prompt's label, or a response's answer class if `response_id` is set, about which annotators disagree.

    `text` is the beginning of the prompt.
    """

    prompt_id: int
    response_id: int | None = None
    text: str = field(default="", compare=False)

    @property
    def aspect(self) -> Aspect:
        return Aspect.LABEL if self.response_id is None else Aspect.ANSWER_CLASS


def sides(events: Iterable[Event], about: Dispute) -> tuple[Event, ...]:
    """Find the contradicting decisions, the latest of each annotator, oldest first; `events` are in order of time.

    Only decisions of the highest rank are included: adjudications before decisions of reviewers.
    """
    latest: dict[tuple[int, str], Event] = {}
    for event in events:
        decision = event.annotation
        if event.in_force and decision and (decision.aspect, decision.response_id) == (about.aspect, about.response_id):
            latest.pop((decision.rank, decision.annotator), None)
            latest[decision.rank, decision.annotator] = event
    highest = min((rank for rank, _ in latest), default=0)
    return tuple(event for (rank, _), event in latest.items() if rank == highest)
