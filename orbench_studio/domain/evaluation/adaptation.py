"""What a model rejects, and how its requests are adapted to that. Adaptations are stored with a batch and shown."""

from collections.abc import Iterable
from enum import StrEnum


class Adaptation(StrEnum):
    """One difference between the request that was asked for and the one that the model accepts."""

    NO_TEMPERATURE = "no temperature"
    NO_SEED = "no seed"
    NO_SCHEMA = "no schema"
    NO_SYSTEM = "no system prompt"
    LIMIT_NAME = "max_completion_tokens"
    RESPONSES = "responses"
    COMPLETIONS = "completions"
    NO_LOGPROBS = "no log-probabilities"

    @property
    def label(self) -> str:
        """What is sent instead, in texts."""
        return _LABELS[self]


_LABELS = {
    Adaptation.NO_TEMPERATURE: "no temperature is sent",
    Adaptation.NO_SEED: "no seed is sent",
    Adaptation.NO_SCHEMA: "no JSON schema is sent",
    Adaptation.NO_SYSTEM: "the system prompt is sent as the beginning of the prompt",
    Adaptation.LIMIT_NAME: "the limit is sent as max_completion_tokens",
    Adaptation.RESPONSES: "the Responses API is used",
    Adaptation.COMPLETIONS: "the Completions API is used",
    Adaptation.NO_LOGPROBS: "no log-probabilities are requested",
}


def describe(model: str, adaptations: Iterable[Adaptation]) -> str:
    """One sentence about the adaptations of a model; empty without any."""
    texts = [adaptation.label for adaptation in adaptations]
    return f"{model}: adapted to what the model accepts: {'; '.join(texts)}." if texts else ""
