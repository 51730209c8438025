"""Batches of requests to models: kinds, settings, progress, and the causes of failures."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from orbench_studio.domain.evaluation.adaptation import Adaptation
from orbench_studio.domain.evaluation.states import BatchState

TIMEOUT = 180.0  # seconds
MAX_TOKENS = 1_000  # the paper's defaults (arXiv 2405.20947, section 4): temperature 0, at most 1,000 tokens
LIST_TOKENS = 2_000  # enough for ten sentences and the text around them
CLASS_TOKENS = 500  # enough for an explanation, the evidence and the class
LIST_TEMPERATURE = 1.0  # at temperature 0, a model writes the same list again


class BatchKind(StrEnum):
    """What the items of a batch are.

    Prompts for models, responses for judges, prompts or responses for moderators, categories that need seeds, or seeds
    to rewrite.
    """

    EVALUATION = "evaluation"
    JUDGING = "judging"
    MODERATION = "moderation"
    SEEDING = "seeding"
    REWRITING = "rewriting"


class Cause(StrEnum):
    """Why a request has no answer. A refusal, by the model or by its filter, is an answer and never a cause.

    The values are those of the database. `label` is the text for people, `code` the word in options and in `--json`.
    """

    RATE_LIMIT = "rate limit"
    OVERLOADED = "overloaded"
    SERVER = "server error"
    UNREACHABLE = "unreachable"
    CONNECTION = "connection"
    TIMEOUT = "timeout"
    UNREADABLE = "unreadable reply"
    TOO_LARGE = "reply too large"
    BAD_REQUEST = "request refused"
    NO_MODEL = "no such model"
    ENDPOINT = "wrong endpoint"
    KEY = "key refused"
    QUOTA = "quota used up"
    EXPIRED = "expired at the vendor"
    WITHDRAWN = "cancelled at the vendor"
    MISSING = "missing from the vendor's results"

    @property
    def label(self) -> str:
        return _LABELS.get(self, str(self))

    @property
    def code(self) -> str:
        """The cause in options and `--json` output, such as `rate-limit`."""
        return self.name.lower().replace("_", "-")


_LABELS = {
    Cause.UNREACHABLE: "host unreachable",
    Cause.CONNECTION: "connection error",
    Cause.UNREADABLE: "invalid reply",
    Cause.BAD_REQUEST: "rejected by the API (400)",
    Cause.NO_MODEL: "model not found",
    Cause.ENDPOINT: "endpoint unusable",
    Cause.KEY: "API key rejected",
    Cause.QUOTA: "quota exceeded",
    Cause.EXPIRED: "vendor batch expired",
    Cause.WITHDRAWN: "vendor batch cancelled",
}
RETRYABLE = frozenset(
    {
        Cause.RATE_LIMIT,
        Cause.OVERLOADED,
        Cause.SERVER,
        Cause.UNREACHABLE,
        Cause.CONNECTION,
        Cause.TIMEOUT,
        Cause.UNREADABLE,
    }
)
"""Causes for which another attempt may succeed."""
FATAL = frozenset({Cause.KEY, Cause.QUOTA, Cause.NO_MODEL, Cause.ENDPOINT})
"""Causes that every other item of the model would also meet. They stop the model, not the batch."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Request parameters.

    With `temperature` None, no temperature is sent: some models reject one. `extra` is added to every request,
    `extra_by_model` to those of one model; the latter takes precedence. A value of None removes a parameter.
    """

    temperature: float | None = 0.0
    max_tokens: int = MAX_TOKENS
    system: str | None = None
    seed: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    extra_by_model: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise ValueError("Max tokens must be at least 1.")
        if self.temperature is not None and self.temperature < 0:
            raise ValueError("The temperature must not be negative.")


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a batch.

    `concurrency` is per model and process. Requests and tokens per minute are per model, and all processes of the
    workspace share them. `attempts` limits the requests for one item, without those that the vendor rejected unread.
    `patience` (seconds) limits the time for one item with all attempts and waits, `timeout` (seconds) one request.
    `max_cost` is in USD for the whole batch, over all its runs.
    """

    concurrency: int = 20
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    attempts: int = 6
    patience: float = 900
    timeout: float = TIMEOUT
    max_cost: float | None = None

    def __post_init__(self) -> None:
        if min(self.concurrency, self.attempts) < 1 or min(self.patience, self.timeout) <= 0:
            raise ValueError("Concurrency, attempts, patience and timeout must be above 0.")
        bounds = (self.requests_per_minute, self.tokens_per_minute, self.max_cost)
        if any(bound is not None and bound <= 0 for bound in bounds):
            raise ValueError("The limits per minute and the cost limit must be above 0.")

    @property
    def is_paced(self) -> bool:
        """Whether there is a limit per minute."""
        return self.requests_per_minute is not None or self.tokens_per_minute is not None


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """Everything that another process needs to resume a batch. It never contains a key.

    `base_urls` has the endpoint of each model that does not use the default of its vendor. `template` is the prompt
    template of a judge, a moderator or a writer. The full text is stored, so that editing the file does not change a
    batch that has started. `texts` is the number of texts that one request asks a writer for. `adaptations` by model
    are what was learned about the models while the batch ran.
    """

    sampling: Sampling = field(default_factory=Sampling)
    limits: Limits = field(default_factory=Limits)
    repeats: int = 1
    base_urls: Mapping[str, str] = field(default_factory=dict)
    vendor_batch: bool = False
    template: str | None = None
    texts: int = 5
    adaptations: Mapping[str, Sequence[Adaptation]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if min(self.repeats, self.texts) < 1:
            raise ValueError("Repeats and texts must be at least 1.")

    def to_text(self) -> str:
        """The settings as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> "BatchSettings":
        """Read the output of `to_text`."""
        values = json.loads(text)
        sampling, limits = Sampling(**values.pop("sampling")), Limits(**values.pop("limits"))
        learned = values.pop("adaptations", {})
        adaptations = {name: tuple(map(Adaptation, found)) for name, found in learned.items()}
        return cls(sampling=sampling, limits=limits, adaptations=adaptations, **values)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch. `note` is the reason if it failed; `judge` is the judge of its responses after it is completed."""

    id: int
    name: str
    kind: BatchKind
    state: BatchState
    settings: BatchSettings
    note: str | None = None
    judge: str | None = None


@dataclass(frozen=True, slots=True)
class ModelProgress:
    """Progress of one model of a batch.

    `cost` is in USD, over the responses with a known price; `unpriced` counts the others, because an unknown price is
    not a cost of 0. `estimated` counts the responses whose cost is computed from estimated tokens. `failed_by` counts
    the failed items by cause. `stopped` is the reason if the model cannot be used any more, such as a rejected key.
    """

    model: str
    total: int = 0
    done: int = 0
    failed: int = 0
    cancelled: int = 0
    at_vendor: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0
    unpriced: int = 0
    estimated: int = 0
    failed_by: Mapping[Cause, int] = field(default_factory=dict)
    stopped: str | None = None

    @property
    def left(self) -> int:
        """Items without a result."""
        return self.total - self.done - self.failed - self.cancelled


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that works on a batch: machine, start time, claimed items, and items per minute.

    Items per minute are completed and failed items, the mean of the last minute.
    """

    machine: str
    pid: int
    since: datetime
    held: int = 0
    per_minute: int = 0


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """Progress of a batch, by model. `workers` are the processes with a recent heartbeat."""

    batch: Batch
    models: tuple[ModelProgress, ...]
    workers: tuple[Worker, ...] = ()

    @property
    def is_interrupted(self) -> bool:
        """Whether it should run, but no process works on it. It continues when resumed, or when a worker starts."""
        return self.batch.state is BatchState.RUNNING and not self.workers

    @property
    def status(self) -> str:
        """The batch's state in texts; "interrupted" if no process works on a running batch."""
        return "interrupted" if self.is_interrupted else self.batch.state.label

    def status_of(self, model: ModelProgress) -> str:
        state = self.batch.state.of_model(model.left, is_stopped=model.stopped is not None)
        return self.status if state is self.batch.state else state.label

    @property
    def total(self) -> int:
        return sum(model.total for model in self.models)

    @property
    def done(self) -> int:
        """Items with a result."""
        return sum(model.done for model in self.models)

    @property
    def failed(self) -> int:
        return sum(model.failed for model in self.models)

    @property
    def left(self) -> int:
        """Items without a result."""
        return sum(model.left for model in self.models)

    @property
    def failed_by(self) -> Mapping[Cause, int]:
        found = Counter[Cause]()
        for model in self.models:
            found.update(model.failed_by)
        return found

    @property
    def cost(self) -> float:
        """USD spent, over the responses with a known price."""
        return sum(model.cost for model in self.models)

    @property
    def unpriced(self) -> int:
        """Responses without a known price."""
        return sum(model.unpriced for model in self.models)

    @property
    def estimated(self) -> int:
        """Responses whose cost is computed from estimated tokens."""
        return sum(model.estimated for model in self.models)


@dataclass(frozen=True, slots=True)
class FailedItem:
    """A failed item. `message` comes from the vendor or from us. An item that asks for texts has no prompt."""

    item_id: int
    prompt_id: int | None
    model: str
    cause: Cause
    message: str
    attempts: int
