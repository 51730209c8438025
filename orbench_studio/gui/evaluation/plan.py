"""What is to be launched, as the user has composed it."""

from dataclasses import dataclass

from orbench_studio.domain.evaluation.batch import BatchSettings
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.services.judging.builtin_judges import BUILTIN_JUDGES

_SIMULATED = "simulated/"


@dataclass(frozen=True, slots=True)
class Plan:
    """Which prompts go to which models, how, and who judges the answers; `judge` is empty where nobody does.

    The prompts are those of a subset where one is named, else those that a filter lets through.
    """

    models: tuple[str, ...]
    wanted: QueueFilter
    subset: str | None
    limit: int | None
    settings: BatchSettings
    judge: str = ""

    @property
    def is_judged_by_model(self) -> bool:
        """Whether a language model judges the answers, which costs."""
        return bool(self.judge) and self.judge not in BUILTIN_JUDGES


def is_simulated(model: str) -> bool:
    """Whether a model of this name makes its answers up."""
    return model.startswith(_SIMULATED)
