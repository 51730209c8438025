"""Batches: a set of prompts put to models, or of responses put to judges, item by item; what states they go through."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

TIMEOUT = 180.0  # seconds
MAX_TOKENS = 1_000  # the paper's defaults (arXiv 2405.20947, section 4): temperature 0, at most 1,000 tokens
LIST_TOKENS = 2_000  # room for ten sentences, and for what a writer says around them
CLASS_TOKENS = 500  # enough for a judge's or a moderator's sentence, the words that decide it, and the class
LIST_TEMPERATURE = 1.0  # at 0 a writer would write the same list again


class BatchKind(StrEnum):
    """What the items of a batch are: prompts for models, responses for judges, prompts or responses for moderators,
    categories that seeds are written for, or seeds that are rewritten.
    """

    EVALUATION = "evaluation"
    JUDGING = "judging"
    MODERATION = "moderation"
    SEEDING = "seeding"
    REWRITING = "rewriting"


class BatchState(StrEnum):
    """What a batch is meant to be doing; `running` says nothing about whether a process is at it."""

    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"
    CANCELLED = "cancelled"

    def may_become(self, state: "BatchState") -> bool:
        """Whether that state may follow this one."""
        return state in _FOLLOWING[self]


_FOLLOWING = {
    BatchState.READY: {BatchState.RUNNING, BatchState.CANCELLED},
    BatchState.RUNNING: {BatchState.PAUSED, BatchState.STOPPED, BatchState.FINISHED, BatchState.CANCELLED},
    BatchState.PAUSED: {BatchState.RUNNING, BatchState.CANCELLED},
    BatchState.STOPPED: {BatchState.RUNNING, BatchState.PAUSED, BatchState.CANCELLED},
    BatchState.FINISHED: {BatchState.READY},  # failed items are tried again
    BatchState.CANCELLED: set(),
}


class ItemState(StrEnum):
    """Where an item is. `claimed`: a process has it, and may have sent it; `at_vendor`: in a vendor's own batch."""

    PENDING = "pending"
    CLAIMED = "claimed"
    AT_VENDOR = "at_vendor"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Cause(StrEnum):
    """Why there is no answer. Never a refusal: what a model or its filter says is an answer."""

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
    KEY = "key refused"
    QUOTA = "quota used up"
    EXPIRED = "expired at the vendor"
    WITHDRAWN = "cancelled at the vendor"
    MISSING = "missing from the vendor's results"


PASSING = frozenset(
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
"""Causes that another attempt may cure."""
HOPELESS = frozenset({Cause.KEY, Cause.QUOTA, Cause.NO_MODEL})
"""Causes that every other item of the model would meet too: they stop the batch."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a model is asked. `temperature` None sends none, for models that refuse it; `extra` goes into every request.

    `extra_by_model` goes into the requests of one model, and wins over `extra`. None takes out what would be sent.
    """

    temperature: float | None = 0.0
    max_tokens: int = MAX_TOKENS
    system: str | None = None
    seed: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    extra_by_model: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise ValueError("max_tokens is at least 1")
        if self.temperature is not None and self.temperature < 0:
            raise ValueError("a temperature is not negative")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a batch may use.

    `concurrency` requests at once are for each model and process; requests and tokens a minute are for each model, and
    all processes at the workspace keep them together. `attempts` bounds how often an item is sent, not counting what
    the vendor turned away unread; `patience` (seconds) bounds how long it may take with all its attempts and waits,
    `timeout` (seconds) one request. `max_cost` is in USD over the whole batch, all of its runs included.
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
            raise ValueError("concurrency, attempts, patience and timeout are above 0")
        bounds = (self.requests_per_minute, self.tokens_per_minute, self.max_cost)
        if any(bound is not None and bound <= 0 for bound in bounds):
            raise ValueError("limits a minute and the most it may cost are above 0")

    @property
    def is_paced(self) -> bool:
        """Whether there is a limit a minute."""
        return self.requests_per_minute is not None or self.tokens_per_minute is not None


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """Everything that a batch needs to go on in another process. No key is ever part of it.

    `base_urls` has the endpoint of each model that is not at its vendor's usual one. `template` is the wording put to
    a judge, a moderator or a writer; it is kept whole, so that a changed file does not change a batch that has begun.
    `texts` is how many a writer is asked for at once.
    """

    sampling: Sampling = field(default_factory=Sampling)
    limits: Limits = field(default_factory=Limits)
    repeats: int = 1
    base_urls: Mapping[str, str] = field(default_factory=dict)
    vendor_batch: bool = False
    template: str | None = None
    texts: int = 5

    def __post_init__(self) -> None:
        if min(self.repeats, self.texts) < 1:
            raise ValueError("repeats and texts are at least 1")

    def to_text(self) -> str:
        """The settings as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> "BatchSettings":
        """The settings out of `to_text`."""
        kept = json.loads(text)
        sampling, limits = Sampling(**kept.pop("sampling")), Limits(**kept.pop("limits"))
        return cls(sampling=sampling, limits=limits, **kept)


@dataclass(frozen=True, slots=True)
class Batch:
    """Our unit of evaluation work. `note` says in words why it stopped, `judge` who judges once it is finished."""

    id: int
    name: str
    kind: BatchKind
    state: BatchState
    settings: BatchSettings
    note: str | None = None
    judge: str | None = None


@dataclass(frozen=True, slots=True)
class ModelProgress:
    """How far one model of a batch is.

    `cost` is in USD, over the answers whose price is known; `unpriced` counts the others, so that no price is never
    taken for no cost. `failed_by` counts the failed items by cause.
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
    failed_by: Mapping[Cause, int] = field(default_factory=dict)

    @property
    def left(self) -> int:
        """Items without an end."""
        return self.total - self.done - self.failed - self.cancelled


@dataclass(frozen=True, slots=True)
class Worker:
    """A process at a batch: where it is, since when, how many items it holds, how many it answers a minute."""

    machine: str
    pid: int
    since: datetime
    held: int = 0
    per_minute: int = 0


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far a batch is; one line a model. The `workers` have shown themselves at it of late."""

    batch: Batch
    models: tuple[ModelProgress, ...]
    workers: tuple[Worker, ...] = ()

    @property
    def processes(self) -> int:
        """How many are at it."""
        return len(self.workers)

    @property
    def is_interrupted(self) -> bool:
        """Whether it should be running, and nobody is at it; it goes on when it is resumed, or a worker takes it."""
        return self.batch.state is BatchState.RUNNING and not self.workers

    @property
    def state_words(self) -> str:
        """Its state for a person."""
        return "interrupted" if self.is_interrupted else str(self.batch.state)

    @property
    def total(self) -> int:
        """All items."""
        return sum(model.total for model in self.models)

    @property
    def done(self) -> int:
        """Items answered."""
        return sum(model.done for model in self.models)

    @property
    def failed(self) -> int:
        """Items given up."""
        return sum(model.failed for model in self.models)

    @property
    def left(self) -> int:
        """Items without an end."""
        return sum(model.left for model in self.models)

    @property
    def failed_by(self) -> Mapping[Cause, int]:
        """Items given up, by cause."""
        found = Counter[Cause]()
        for model in self.models:
            found.update(model.failed_by)
        return found

    @property
    def cost(self) -> float:
        """USD spent, as far as prices are known."""
        return sum(model.cost for model in self.models)

    @property
    def unpriced(self) -> int:
        """Answers whose price is unknown."""
        return sum(model.unpriced for model in self.models)


@dataclass(frozen=True, slots=True)
class FailedItem:
    """An item that was given up: which, why, after how many attempts; `told` is the vendor's or our own sentence.

    One that asks for texts has no prompt.
    """

    item_id: int
    prompt_id: int | None
    model: str
    cause: Cause
    message: str
    attempts: int
