"""What happened to one prompt, as a person reads it."""

from dataclasses import dataclass
from datetime import datetime

from orbench_studio.domain.core.annotation import Annotation, Aspect
from orbench_studio.domain.review.decision import Decision


@dataclass(frozen=True, slots=True)
class Event:
    """A decision about the prompt or a response to it, or an undo or redo of one, where `said` is None.

    `told` is what the journal says of the deed; `model` is whose response it is about; `guideline` is the version of
    the guidelines decided by.
    """

    entry: int
    at: datetime
    annotator: str | None
    message: str
    said: Annotation | None = None
    in_force: bool = True
    model: str | None = None
    guideline: int | None = None

    def again(self, prompt_id: int) -> Decision | None:
        """The decision that says the same once more; None where there is nothing to go back to."""
        if self.said is None or self.said.aspect in (Aspect.RECHECK, Aspect.TRAINING):
            return None
        try:
            return Decision(prompt_id, self.said.aspect, self.said.value, self.said.response_id, self.said.reason)
        except ValueError:
            return None  # an imported class that is none a reviewer gives
