"""The plan of a batch, as entered in the form."""

from dataclasses import dataclass

from orbench_studio.domain.evaluation.batch import BatchSettings
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.services.judging.builtin_judges import BUILTIN_JUDGES

_SIMULATED = "simulated/"


@dataclass(frozen=True, slots=True)
class Plan:
    """Prompts, models, settings and judge of a batch; `judge` is empty for no judge.

    The prompts are those of the subset, or of the filter if there is no subset.
    """

    models: tuple[str, ...]
    wanted: QueueFilter
    subset: str | None
    limit: int | None
    settings: BatchSettings
    judge: str = ""

    @property
    def is_judged_by_model(self) -> bool:
        """Whether the judge is a language model, which costs money."""
        return bool(self.judge) and self.judge not in BUILTIN_JUDGES


def is_simulated(model: str) -> bool:
    """Whether a model of this name is simulated."""
    return model.startswith(_SIMULATED)


def simulated_seconds(model: str) -> str:
    """The seconds that a simulated model takes for each answer, such as 2 for `simulated/mixed@2`; empty without."""
    return model.partition("@")[2] if is_simulated(model) else ""
