"""A deed on its way to the workspace's server: known by the same name however often it is sent."""

from dataclasses import dataclass, replace
from datetime import datetime

from orbench_studio.domain.core.annotation import Annotation, Aspect, Visible
from orbench_studio.domain.review.blinding import visible_to
from orbench_studio.domain.review.decision import Decision, PromptView, ResponseView


@dataclass(frozen=True, slots=True)
class PendingDecision:
    """Decisions about one prompt as a person took them.

    `seen` is the version of the prompt that was looked at; `after` the deed of one's own, not sent yet, that followed
    it. `again` where it may have come through already, and only the answer was lost.
    """

    uuid: str
    at: datetime
    annotator: str
    decisions: tuple[Decision, ...]
    visible: frozenset[Visible] = frozenset()
    seen: int | None = None
    after: str | None = None
    again: bool = False

    @property
    def prompt_id(self) -> int:
        """The prompt that it is about, also where that was shown again."""
        return abs(self.decisions[0].prompt_id)

    @property
    def words(self) -> str:
        """What it says, for a person."""
        said = ", ".join(f"{one.aspect} {one.value}".replace("_", " ") for one in self.decisions)
        return f"#{self.prompt_id} {said}"


def shown_with(view: PromptView, sending: PendingDecision) -> PromptView:
    """The prompt as it will look once the deed has come through, if nobody else decides about it."""
    for decision in sending.decisions:
        said = Annotation(
            0,
            sending.annotator,
            sending.at,
            decision.aspect,
            decision.value,
            decision.response_id,
            reason=decision.reason,
            visible=sending.visible,
        )
        view = _with(view, said)
    return visible_to(view, lambda _annotation: True)


def _with(view: PromptView, said: Annotation) -> PromptView:
    if said.response_id is None:
        return replace(view, decided=(*view.decided, said))
    return replace(view, responses=tuple(_said_of(one, said) for one in view.responses))


def _said_of(view: ResponseView, said: Annotation) -> ResponseView:
    if view.response.id != said.response_id:
        return view
    if said.aspect is Aspect.EVIDENCE:
        return replace(view, marks=(*view.marks, said))
    return replace(view, decided=(*view.decided, said))
