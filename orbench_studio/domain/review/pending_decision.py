"""A decision that waits to be sent to the workspace's server; its uuid stays the same however often it is sent."""

from dataclasses import dataclass, replace
from datetime import datetime

from orbench_studio.domain.core.annotation import Annotation, Visible
from orbench_studio.domain.review.decision import MARKS, Decision, PromptView, ResponseView
from orbench_studio.domain.review.hidden_decisions import visible_to


@dataclass(frozen=True, slots=True)
class PendingDecision:
    """Decisions of one journal entry about one prompt. The field names are the keys of the files of the offline queue.

    `seen` is the version of the prompt that the annotator looked at; `after` is the uuid of their earlier decision
    about it that is not sent yet. `again` where it may have been saved already, and only the reply was lost.
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
        """The prompt, also for one that was shown again."""
        return abs(self.decisions[0].prompt_id)

    @property
    def summary(self) -> str:
        """The prompt and its new values: `#12 label safe`."""
        values = ", ".join(f"{one.aspect} {one.value}".replace("_", " ") for one in self.decisions)
        return f"#{self.prompt_id} {values}"


def with_pending(view: PromptView, pending: PendingDecision) -> PromptView:
    """The prompt as it will look once the decision is saved, unless others decide about it first."""
    for decision in pending.decisions:
        annotation = Annotation(
            0,
            pending.annotator,
            pending.at,
            decision.aspect,
            decision.value,
            decision.response_id,
            reason=decision.reason,
            visible=pending.visible,
        )
        view = _with(view, annotation)
    return visible_to(view, lambda _annotation: True)


def _with(view: PromptView, annotation: Annotation) -> PromptView:
    if annotation.response_id is None:
        return replace(view, decided=(*view.decided, annotation))
    return replace(view, responses=tuple(_with_annotation(one, annotation) for one in view.responses))


def _with_annotation(view: ResponseView, annotation: Annotation) -> ResponseView:
    if view.response.id != annotation.response_id:
        return view
    if annotation.aspect in MARKS:
        return replace(view, marks=(*view.marks, annotation))
    return replace(view, decided=(*view.decided, annotation))
