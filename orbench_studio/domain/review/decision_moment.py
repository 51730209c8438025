"""The decision moment: one key decides one prompt, and no second key changes the answer before it.

A label key labels a prompt that the annotator has not labelled, and a class key a response that they have not
classified. Changes have a command of their own. Where a blind label reveals votes and judgements, the prompt stays
until the annotator goes on, also where they were seen before: the keys have one rhythm in a pass.
"""

from dataclasses import dataclass
from enum import StrEnum

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import PromptView


class Reveal(StrEnum):
    """When blind review shows votes and judgements."""

    EACH = "after each decision"
    NEVER = "never during this pass"


@dataclass(frozen=True, slots=True)
class Moment:
    """A prompt in front of an annotator. `shown`: its votes have been visible in this window."""

    view: PromptView
    annotator: str
    blind_review: bool
    reveal: Reveal = Reveal.EACH
    shown: bool = False

    @property
    def seen(self) -> bool:
        """Whether the annotator has seen the votes, by the journal or in this window."""
        return self.shown or self.view.seen_at is not None

    @property
    def blind(self) -> bool:
        """Whether votes, judgements and other people's decisions are hidden now."""
        hides = self.view.is_unlabelled or self.reveal is Reveal.NEVER
        return self.blind_review and hides and not self.seen

    @property
    def decided(self) -> bool:
        """Whether the annotator has labelled the prompt."""
        return self.view.last_label(self.annotator) is not None

    @property
    def waits(self) -> bool:
        """Whether the prompt stays after a label, to show the result; the same whether it was hidden before or not."""
        return self.blind_review and self.reveal is Reveal.EACH and self.view.has_machine_labels

    @property
    def reveals(self) -> bool:
        """Whether a label would show something that is hidden now."""
        return self.blind and self.waits

    def is_change(self, aspect: Aspect, response_id: int | None = None) -> bool:
        """Whether a decision would replace one of the annotator's own; no label, skip or class key may do it."""
        if aspect in (Aspect.LABEL, Aspect.SKIP):
            return self.decided
        of = next((one for one in self.view.responses if one.response.id == response_id), None)
        return aspect is Aspect.ANSWER_CLASS and of is not None and of.last_by(self.annotator) is not None
