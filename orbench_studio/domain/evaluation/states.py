"""The states of a batch, its items and its vendor batches, and which action is allowed in which state.

Everything that changes a state asks this module: the services, the SQL of the store, the buttons of the window.
"""

from enum import StrEnum


class BatchState(StrEnum):
    """The state that a batch should be in. It is `running` also while no process works on it (interrupted).

    The values are those of the database; `label` is the word in texts and in `--json` output.
    """

    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    FAILED = "stopped"
    COMPLETED = "finished"
    CANCELLED = "cancelled"

    @property
    def label(self) -> str:
        """The state's name in texts."""
        return self.name.lower()

    @property
    def is_final(self) -> bool:
        """Whether nothing is left to send."""
        return not self.allows(BatchAction.START)

    def allows(self, action: "BatchAction") -> bool:
        """Whether the action is possible in this state."""
        return self in _BATCH[action]

    def of_model(self, left: int, *, is_stopped: bool) -> "BatchState":
        """The state of one model of a batch in this state. `left`: its items without a result."""
        if self is BatchState.CANCELLED:
            return self
        if not left:
            return BatchState.COMPLETED
        return BatchState.FAILED if is_stopped else self

    def after(self, action: "BatchAction") -> "BatchState | None":
        """The state after the action; this state if the action has been done already, None if it is not allowed."""
        if self in _BATCH[action]:
            return _BATCH[action][self]
        return self if self in _BATCH[action].values() else None


class BatchAction(StrEnum):
    """What can be done with a batch. The values complete the sentence "The batch cannot be …"."""

    START = "started"
    """Start or resume it, or leave it to workers. A batch that runs can be joined by another process.

    Models that were stopped are used again.
    """
    PAUSE = "paused"
    """Send no more requests, in any process."""
    CANCEL = "cancelled"
    """Give up all items that have no result."""
    RETRY = "retried"
    """Put failed items back to pending, and use stopped models again."""
    COMPLETE = "completed"
    """No item is left; done by the process that stores the last result."""
    FAIL = "stopped"
    """No more requests can be sent: the cost limit is reached, or every model with items left is stopped."""


_BATCH: dict[BatchAction, dict[BatchState, BatchState]] = {
    BatchAction.START: dict.fromkeys(
        (BatchState.READY, BatchState.RUNNING, BatchState.PAUSED, BatchState.FAILED), BatchState.RUNNING
    ),
    BatchAction.PAUSE: dict.fromkeys((BatchState.RUNNING, BatchState.FAILED), BatchState.PAUSED),
    BatchAction.CANCEL: dict.fromkeys(
        (BatchState.READY, BatchState.RUNNING, BatchState.PAUSED, BatchState.FAILED), BatchState.CANCELLED
    ),
    BatchAction.RETRY: {
        BatchState.READY: BatchState.READY,
        BatchState.RUNNING: BatchState.RUNNING,
        BatchState.PAUSED: BatchState.PAUSED,
        BatchState.FAILED: BatchState.FAILED,
        BatchState.COMPLETED: BatchState.READY,
    },
    BatchAction.COMPLETE: {BatchState.RUNNING: BatchState.COMPLETED},
    BatchAction.FAIL: {BatchState.RUNNING: BatchState.FAILED},
}


class ItemState(StrEnum):
    """The state of an item.

    `claimed`: a process holds it and may have sent it. `at_vendor`: it is part of a vendor batch.
    """

    PENDING = "pending"
    CLAIMED = "claimed"
    AT_VENDOR = "at_vendor"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def accepts_result(self) -> bool:
        """Whether a result counts. The first answer does, also if the item has failed or was cancelled meanwhile."""
        return self.may_become(ItemState.DONE)

    def may_become(self, state: "ItemState") -> bool:
        """Whether an item in this state may get the other one."""
        return state in _ITEM[self]


_RESULT = {ItemState.DONE, ItemState.FAILED}
_ITEM: dict[ItemState, set[ItemState]] = {
    ItemState.PENDING: {ItemState.CLAIMED, ItemState.CANCELLED} | _RESULT,
    ItemState.CLAIMED: {ItemState.PENDING, ItemState.AT_VENDOR, ItemState.CANCELLED} | _RESULT,
    ItemState.AT_VENDOR: {ItemState.PENDING, ItemState.CANCELLED} | _RESULT,
    ItemState.DONE: set(),
    ItemState.FAILED: {ItemState.PENDING} | _RESULT,
    ItemState.CANCELLED: _RESULT,
}
TO_SEND = (ItemState.PENDING, ItemState.CLAIMED)
"""The states of items that are not sent, or sent and not answered, by a live runner."""
UNFINISHED = (*TO_SEND, ItemState.AT_VENDOR)
"""The states of items that have no result yet."""
COUNTED = (ItemState.DONE, ItemState.FAILED, ItemState.CANCELLED, ItemState.AT_VENDOR)
"""The states that the table `batch_models` counts in a column of the same name."""


class VendorBatchState(StrEnum):
    """`open` from the moment before a vendor batch is submitted until its results are stored."""

    OPEN = "open"
    CLOSED = "closed"
