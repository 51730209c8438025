"""The tables of batches: requests, their workers and their progress."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from orbench_studio.store.core.columns import key, later, long_text, moment, refers_to, table


class BatchRow(SQLModel, table=True):
    """Our unit of evaluation work."""

    __tablename__ = "batches"
    id: int = key()
    name: str = long_text()
    state: str
    settings: str = long_text()
    created_at: datetime = moment()
    kind: str = later(text("'evaluation'"))
    note: str | None = long_text(nullable=True)
    judge: str | None


class BatchRunnerRow(SQLModel, table=True):
    """A process that works on a batch; one without a heartbeat for the length of its lease is considered dead.

    Times are seconds since 1970 by the workspace's clock. `per_minute` counts its answers in the last minute.
    """

    __tablename__ = "batch_runners"
    id: int = key()
    batch_id: int = refers_to("batches.id")
    seen_at: float
    lease: float
    machine: str = later(text("''"))
    pid: int = later(text("0"))
    since: float = later(text("0"))
    per_minute: int = later(text("0"))


class RateLimitRow(SQLModel, table=True):
    """Usage of the limits of one model at one endpoint, by all processes together. See `rates`."""

    __tablename__ = "rate_limits"
    place: str = Field(primary_key=True)
    requests_at: float
    tokens_at: float
    paused_until: float


class BatchModelRow(SQLModel, table=True):
    """Progress of one model of a batch, updated in the transactions that change its items.

    `estimated` counts the answers whose cost is computed from estimated tokens. `stopped` is the reason why the model
    cannot be used any longer.
    """

    __tablename__ = "batch_models"
    batch_id: int = Field(foreign_key="batches.id", primary_key=True)
    model_id: int = Field(foreign_key="models.id", primary_key=True)
    total: int
    done: int
    failed: int
    cancelled: int
    at_vendor: int
    input_tokens: int
    output_tokens: int
    cost: float
    unpriced: int
    estimated: int = later(text("0"))
    stopped: str | None = long_text(nullable=True)


class VendorBatchRow(SQLModel, table=True):
    """A vendor's own batch; it has no `vendor_id` until the vendor has accepted it."""

    __tablename__ = "vendor_batches"
    id: int = key()
    batch_id: int = refers_to("batches.id", index=True)
    model_id: int = refers_to("models.id")
    vendor_id: str | None
    state: str
    created_at: datetime = moment()


class BatchItemRow(SQLModel, table=True):
    """One prompt for one model in a batch, written before anything is sent; for a judge, one response to the prompt.

    `sample` counts the repeats, and for a judge the responses to the same prompt. An item without a prompt asks for
    texts: see `GenerationItemRow`.
    """

    __tablename__ = "batch_items"
    __table_args__ = (
        UniqueConstraint("batch_id", "prompt_id", "model_id", "sample"),
        Index(None, "batch_id", "state", "model_id", "id"),
    )
    id: int = key()
    batch_id: int = refers_to("batches.id")
    prompt_id: int | None = refers_to("prompts.id", nullable=True)
    model_id: int = refers_to("models.id")
    sample: int
    state: str
    attempts: int
    error: str | None = long_text(nullable=True)
    cause: str | None
    runner_id: int | None = refers_to("batch_runners.id", nullable=True, index=True)
    vendor_batch_id: int | None = refers_to("vendor_batches.id", nullable=True, index=True)


class JudgeItemRow(SQLModel, table=True):
    """The response that a judge's batch item is about."""

    __tablename__ = "judge_items"
    item_id: int = Field(foreign_key="batch_items.id", primary_key=True, sa_column_kwargs={"autoincrement": False})
    response_id: int = refers_to("responses.id")


BATCHES = table(BatchRow)
BATCH_RUNNERS = table(BatchRunnerRow)
RATE_LIMITS = table(RateLimitRow)
BATCH_MODELS = table(BatchModelRow)
VENDOR_BATCHES = table(VendorBatchRow)
BATCH_ITEMS = table(BatchItemRow)
JUDGE_ITEMS = table(JudgeItemRow)
