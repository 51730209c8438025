"""The decision moment: one key decides one prompt, and no second key changes the answer before it.

A label key labels a prompt that the annotator has not labelled, and a class key a response that they have not
classified. Changes have a command of their own. Where a blind label reveals votes and judgements, the prompt stays
until the annotator goes on, also where they were seen before: the keys have one rhythm in a pass. A blind answer class
reveals the judges' classes of its response, and nothing else.
"""

from dataclasses import dataclass
from enum import StrEnum

from orbench_studio.domain.core.annotation import Aspect, Visible
from orbench_studio.domain.review.decision import OF_RESPONSES, PromptView


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
    def revealed_classes(self) -> frozenset[int]:
        """The responses whose judges' classes are visible although the prompt is blind."""
        shows = self.reveal is Reveal.EACH
        return frozenset(
            one.response.id
            for one in self.view.responses
            if one.has_machine_class
            and (one.response.id in self.view.seen_classes or (shows and one.last_by(self.annotator) is not None))
        )

    def visible(self, aspect: Aspect, response_id: int | None = None) -> frozenset[Visible]:
        """What of votes and judgements the annotator sees that can influence this decision."""
        if not self.blind:
            return frozenset({Visible.VOTES, Visible.JUDGEMENTS})
        revealed = self.revealed_classes
        knows = response_id in revealed if aspect in OF_RESPONSES else aspect is Aspect.LABEL and bool(revealed)
        return frozenset({Visible.JUDGEMENTS} if knows else ())

    def reveals(self, aspect: Aspect, response_id: int | None = None) -> bool:
        """Whether a decision would show something that is hidden now: a label all, a class the judges' classes."""
        if not (self.blind and self.waits):
            return False
        if aspect is not Aspect.ANSWER_CLASS:
            return aspect is Aspect.LABEL
        of = next((one for one in self.view.responses if one.response.id == response_id), None)
        return of is not None and of.has_machine_class and response_id not in self.revealed_classes

    def is_change(self, aspect: Aspect, response_id: int | None = None) -> bool:
        """Whether a decision would replace one of the annotator's own; no label, skip or class key may do it."""
        if aspect in (Aspect.LABEL, Aspect.SKIP):
            return self.decided
        of = next((one for one in self.view.responses if one.response.id == response_id), None)
        return aspect is Aspect.ANSWER_CLASS and of is not None and of.last_by(self.annotator) is not None
