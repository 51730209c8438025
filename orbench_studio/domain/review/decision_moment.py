"""The decision moment: one key decides one prompt, and no second key changes the answer before it.

A label key labels a prompt that the annotator has not labelled, and a class key a response that they have not
classified. Changes have a command of their own. A blind label can reveal votes and judgements; then the prompt stays
until the annotator goes on.
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
    """A prompt in front of an annotator. `seen`: its votes have been visible in this session."""

    view: PromptView
    annotator: str
    blind_review: bool
    reveal: Reveal = Reveal.EACH
    seen: bool = False

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
    def reveals(self) -> bool:
        """Whether a label would show something that is hidden now."""
        return self.blind and self.reveal is Reveal.EACH and self.view.has_machine_labels

    def is_change(self, aspect: Aspect, response_id: int | None = None) -> bool:
        """Whether a decision would replace one of the annotator's own; no label or class key may do that."""
        if aspect is Aspect.LABEL:
            return self.decided
        of = next((one for one in self.view.responses if one.response.id == response_id), None)
        return aspect is Aspect.ANSWER_CLASS and of is not None and of.last_by(self.annotator) is not None
