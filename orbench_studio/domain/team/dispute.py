"""What people disagree about, and what each of them says."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.timeline import Event


@dataclass(frozen=True, slots=True)
class Dispute:
    """A prompt's label, or a response's answer class where `response_id` is set, on which people do not agree.

    `text` is the beginning of the prompt, to know it by.
    """

    prompt_id: int
    response_id: int | None = None
    text: str = field(default="", compare=False)

    @property
    def aspect(self) -> Aspect:
        """What is disputed."""
        return Aspect.LABEL if self.response_id is None else Aspect.ANSWER_CLASS


def sides(events: Iterable[Event], about: Dispute) -> tuple[Event, ...]:
    """The decisions that contradict each other, one an annotator, oldest first; takes the events in order of time.

    Only those of the rank that counts: reviewers' where there are any, and adjudicators' before them.
    """
    latest: dict[tuple[int, str], Event] = {}
    for event in events:
        said = event.annotation
        if event.in_force and said and (said.aspect, said.response_id) == (about.aspect, about.response_id):
            latest.pop((said.rank, said.annotator), None)
            latest[said.rank, said.annotator] = event
    first = min((rank for rank, _ in latest), default=0)
    return tuple(event for (rank, _), event in latest.items() if rank == first)
