"""The runner for vendor batches: submit, poll, fetch results.

Our number is stored before a vendor batch is submitted, the vendor's id as soon as it is known. A process that is
killed in between finds the vendor batch again.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Pending
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection

from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.evaluation.adaptation import Adaptation
from orbench_studio.domain.evaluation.batch import RETRYABLE, Cause
from orbench_studio.domain.evaluation.states import BatchAction, BatchState, ItemState
from orbench_studio.errors import StudioError
from orbench_studio.providers.base import Answer, ProviderError, Request
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.providers.vendor_batches import VendorBatches, VendorState, VendorStatus, open_vendor_batches
from orbench_studio.services.evaluation.batch_control import apply, end_if_done, load_batch, progress
from orbench_studio.services.evaluation.batch_coordinator import RESULT_KINDS, cost_limit_reached
from orbench_studio.services.evaluation.batch_runner import BatchRunner, Snapshot
from orbench_studio.services.evaluation.batch_tasks import task_of
from orbench_studio.services.evaluation.live_runner import LEASE, LiveRunner
from orbench_studio.services.evaluation.model_probe import probe, record
from orbench_studio.services.evaluation.near_duplicate_filter import NearDuplicateFilter
from orbench_studio.services.evaluation.prices import Prices, cost, usage
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import clock
from orbench_studio.store.evaluation import batches, item_claims, results
from orbench_studio.store.evaluation import vendor_batches as stored_batches
from orbench_studio.store.evaluation.item_claims import ClaimedItem
from orbench_studio.store.evaluation.results import ItemFailure, Outcome
from orbench_studio.store.evaluation.vendor_batches import VendorBatch

log = logging.getLogger(__name__)
_POLL = 30.0  # seconds between two requests for the status
_PATIENCE = timedelta(minutes=10)  # a vendor may not list a new batch before
_MAX_UNREADABLE = 10  # polls after which unreadable results are given up
_CHUNK = 500  # results stored in one transaction
_HEARTBEAT = 2.0  # seconds between heartbeats while a vendor call takes long

T = TypeVar("T")


class VendorBatchRunner(BatchRunner):
    """Runs a batch through vendor batches. A `LiveRunner` sends the items that must be sent live."""

    def __init__(
        self,
        workspace: Workspace,
        batch_id: int,
        prices: Prices,
        *,
        on_changes: Callable[[Changes], None] = lambda _changes: None,
        lease: float = LEASE,
        poll: float = _POLL,
        patience: timedelta = _PATIENCE,
    ) -> None:
        super().__init__(batch_id)
        self._workspace, self._prices = workspace, prices
        self._on_changes, self._lease, self._poll, self._patience = on_changes, lease, poll, patience
        self._progress = progress(workspace, batch_id)
        self._task = task_of(self._progress.batch)
        self._near_duplicates = NearDuplicateFilter(self._progress.batch.kind)
        base_urls = self._progress.batch.settings.base_urls
        with workspace.reading() as db:
            self._models = batches.models(db, batch_id)
        self._endpoints = {key: endpoint(name, base_urls.get(name)) for key, name in self._models.items()}
        self._vendors: dict[int, VendorBatches] = {}
        self._unusable: dict[int, StudioError] = {}  # for example without a key
        for key, target in self._endpoints.items():
            try:
                self._vendors[key] = open_vendor_batches(target)
            except StudioError as error:
                self._unusable[key] = error
        if self._unusable and not self._vendors:
            raise next(iter(self._unusable.values()))
        self._adaptations: dict[int, Sequence[Adaptation]] = {}
        self._unreadable: Counter[int] = Counter()  # unreadable results in a row, by vendor batch
        self._runner_id = 0
        self._waiting = ""
        self._live: LiveRunner | None = None
        self._stopping = threading.Event()

    def stop(self, *, grace: float | None = None) -> None:
        """Stop polling. The vendor continues, and a later run fetches the results."""
        self._stopping.set()
        if self._live is not None:
            self._live.stop(grace=grace)

    def snapshot(self) -> Snapshot:
        return self._live.snapshot() if self._live is not None else Snapshot(self._progress, {}, self._waiting)

    def _run(self) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="vendor") as calls:
            self._calls = calls
            self._poll_until_over()
        if self._live is not None and not self._stopping.is_set():
            self._live.start()
            self._live.wait()
        self._progress = progress(self._workspace, self._batch_id)

    def _poll_until_over(self) -> None:
        self._register()
        try:
            while not self._stopping.is_set() and not self._poll_once():
                self._sleep(self._poll)
        finally:
            for vendor in self._vendors.values():
                vendor.close()
            with self._workspace.writing() as db:
                item_claims.unregister(db, self._runner_id)
                continues = self._live is not None and not self._stopping.is_set()
                if not continues and batches.state_of(db, self._batch_id) is BatchState.RUNNING:
                    apply(db, self._batch_id, BatchAction.PAUSE)

    def _register(self) -> None:
        """Wait until no other process runs the batch: two would submit the same items twice."""
        while not self._stopping.is_set():
            with self._workspace.writing() as db:
                item_claims.release_dead(db, self._batch_id, clock.now(db))
                if not item_claims.count_others(db, self._batch_id, None, clock.now(db)):
                    self._begin(db)
                    return
            self._waiting = "another process runs the batch, or was killed less than 30 seconds ago"
            self._stopping.wait(min(self._lease / 10, 1.0))

    def _begin(self, db: Connection) -> None:
        if load_batch(db, self._batch_id).state is not BatchState.CANCELLED:  # its vendor batches are to be cancelled
            apply(db, self._batch_id, BatchAction.START)
        for model_id, error in self._unusable.items():
            batches.stop_model(db, self._batch_id, model_id, str(error))
        self._runner_id = item_claims.register(db, self._batch_id, self._lease, clock.now(db))

    def _poll_once(self) -> bool:
        """Submit, poll, fetch; True if nothing is left to do here."""
        self._heartbeat()
        with self._workspace.reading() as db:
            batch = load_batch(db, self._batch_id)
            open_batches = self._open_batches(db)
        running = batch.state is BatchState.RUNNING
        for theirs in open_batches:
            self._check(theirs, cancel=not batch.settings.vendor_batch or batch.state is BatchState.CANCELLED)
        if running and batch.settings.vendor_batch:
            for model_id in self._models:
                while self._is_usable(model_id) and self._submit(model_id):
                    pass
        self._progress = progress(self._workspace, self._batch_id)
        return self._is_over()

    def _open_batches(self, db: Connection) -> list[VendorBatch]:
        """The open vendor batches of models that are not stopped."""
        stopped = batches.stopped_models(db, self._batch_id)
        return [theirs for theirs in stored_batches.open_batches(db, self._batch_id) if theirs.model_id not in stopped]

    def _is_usable(self, model_id: int) -> bool:
        with self._workspace.reading() as db:
            return model_id not in batches.stopped_models(db, self._batch_id)

    def _is_over(self) -> bool:
        with self._workspace.writing() as db:
            batch = load_batch(db, self._batch_id)
            open_batches = self._open_batches(db)
            at_vendors = sum(theirs.size for theirs in open_batches)
            self._waiting = f"the vendor has {counted(at_vendors, 'item')}" if open_batches else ""
            if batch.state is BatchState.CANCELLED:
                return not open_batches
            if batch.state is not BatchState.RUNNING:
                return True
            if open_batches:
                return False
            if end_if_done(db, self._batch_id):
                return True
        if not batch.settings.vendor_batch:
            self._live = LiveRunner(self._workspace, self._batch_id, self._prices, on_changes=self._on_changes)
        return not batch.settings.vendor_batch

    def _submit(self, model_id: int) -> bool:
        """Submit the next items of a model; False if there are none, or the batch has failed."""
        vendor, size = self._vendors[model_id], 0
        adapted = self._adapt(model_id)
        bodies: list[tuple[str, dict[str, Any]]] = []
        with self._workspace.writing() as db:
            items = item_claims.claim(db, self._batch_id, model_id, self._runner_id, vendor.max_items)
            for item in items:
                request = self._request(item)
                body = vendor.body(request, adapted)
                size += len(str(body).encode())
                if bodies and size > vendor.max_bytes:
                    break
                bodies.append((f"item-{item.item_id}", body))
            sent = items[: len(bodies)]
            item_claims.release(db, self._runner_id, [item.item_id for item in items[len(bodies) :]])
            if not sent or self._exceeds_cost_limit(db, model_id, sent):
                item_claims.release(db, self._runner_id, [item.item_id for item in sent])
                return False
            number = stored_batches.create(db, self._batch_id, model_id, [item.item_id for item in sent])
        try:
            vendor_id = self._call(lambda: vendor.submit(bodies, self._mark(number)))
        except ProviderError as error:
            return self._on_submit_error(model_id, number, error)
        with self._workspace.writing() as db:
            stored_batches.set_vendor_id(db, number, vendor_id)
        return True

    def _adapt(self, model_id: int) -> Sequence[Adaptation]:
        """The adaptations that the model needs, found once, because a vendor batch cannot adapt its requests."""
        if model_id not in self._adaptations:
            with self._workspace.reading() as db:
                known = load_batch(db, self._batch_id).settings.adaptations.get(self._models[model_id], ())
                if not batches.has_items(db, self._batch_id, (ItemState.PENDING,), [model_id]):
                    return known
            found = self._call(lambda: probe(self._endpoints[model_id], self._task, known))
            if set(found) - set(known):
                record(self._workspace, self._batch_id, {self._models[model_id]: found})
            self._adaptations[model_id] = found
        return self._adaptations[model_id]

    def _request(self, item: ClaimedItem) -> Request:
        name = self._models[item.model_id]
        return self._task.request(item, name, self._endpoints[item.model_id].model)

    def _exceeds_cost_limit(self, db: Connection, model_id: int, items: list[ClaimedItem]) -> bool:
        """Fail the batch if these items could exceed the cost limit: a vendor batch cannot stop at an amount."""
        settings = self._progress.batch.settings
        limit = settings.limits.max_cost
        if limit is None:
            return False
        price = self._prices.of(self._models[model_id], settings.base_urls.get(self._models[model_id]))
        max_cost = sum(
            cost(price, self._request(item).tokens, settings.sampling.max_tokens, batch=True) or 0.0 for item in items
        )
        spent = batches.spent(db, self._batch_id)
        note = cost_limit_reached(limit, spent)
        if note is None and spent + max_cost > limit:
            note = (
                f"The remaining items could cost {max_cost:.2f} USD, which exceeds the cost limit of {limit:.2f} USD."
            )
        if note is not None:
            log.info("batch %d: %s", self._batch_id, note)
            apply(db, self._batch_id, BatchAction.FAIL, note)
        return note is not None

    def _on_submit_error(self, model_id: int, number: int, error: ProviderError) -> bool:
        """Release the items and stop the model, unless the vendor may have received them: then look for them later."""
        if error.cause not in RETRYABLE:
            with self._workspace.writing() as db:
                stored_batches.release(db, self._batch_id, number, ItemState.PENDING)
                stored_batches.close(db, number)
            self._stop_model(model_id, error)
        return False

    def _stop_model(self, model_id: int, error: ProviderError) -> None:
        """Stop a model that cannot be used any more; the others continue."""
        log.info("batch %d: %s stopped, %s", self._batch_id, self._models[model_id], error.cause.label)
        with self._workspace.writing() as db:
            batches.stop_model(db, self._batch_id, model_id, error.message)

    def _check(self, theirs: VendorBatch, *, cancel: bool) -> None:
        """Poll a vendor batch; fetch its results after it has ended."""
        vendor = self._vendors[theirs.model_id]
        try:
            vendor_id = theirs.vendor_id or self._find(theirs)
            if vendor_id is None:
                return
            found = self._status(theirs, vendor_id)
            if found.state is VendorState.ENDED:
                self._fetch(theirs, vendor_id, found, release=cancel)
            elif found.state is VendorState.RUNNING and cancel:
                self._call(lambda: vendor.cancel(vendor_id))
        except ProviderError as error:
            if error.cause is Cause.UNREADABLE and theirs.vendor_id is not None:
                self._on_unreadable(theirs, error, release=cancel)
                return
            if error.cause in RETRYABLE:
                return
            if cancel:
                raise StudioError(f"{self._models[theirs.model_id]}: {error.message}") from error
            self._stop_model(theirs.model_id, error)

    def _find(self, theirs: VendorBatch) -> str | None:
        """Find the lost id of a vendor batch; release its items if the vendor does not list it after a while."""
        vendor, since = self._vendors[theirs.model_id], theirs.created_at - timedelta(minutes=5)
        with self._workspace.reading() as db:
            known = stored_batches.vendor_ids(db)
        found = self._call(lambda: vendor.find(self._mark(theirs.id), theirs.size, since, known))
        with self._workspace.writing() as db:
            if found is not None:
                stored_batches.set_vendor_id(db, theirs.id, found)
            elif self._is_old(theirs):
                stored_batches.release(db, self._batch_id, theirs.id, ItemState.PENDING)
                stored_batches.close(db, theirs.id)
        return found

    def _status(self, theirs: VendorBatch, vendor_id: str) -> VendorStatus:
        vendor = self._vendors[theirs.model_id]
        try:
            return self._call(lambda: vendor.status(vendor_id))
        except ProviderError as error:
            if error.cause is not Cause.NO_MODEL:  # here, 404 means that the vendor does not know the batch
                raise
        return VendorStatus(VendorState.ENDED if self._is_old(theirs) else VendorState.MISSING)

    def _is_old(self, theirs: VendorBatch) -> bool:
        return datetime.now(UTC) - theirs.created_at > self._patience

    def _fetch(self, theirs: VendorBatch, vendor_id: str, found: VendorStatus, *, release: bool) -> None:
        """Store all results. Items without one fail; with `release`, they are pending again or cancelled."""
        rows = iter(self._vendors[theirs.model_id].results(vendor_id))
        while some := self._call(lambda: self._next_results(rows)):
            self._store(theirs, some, release=release)
        self._close(theirs, found, release=release)

    def _on_unreadable(self, theirs: VendorBatch, error: ProviderError, *, release: bool) -> None:
        """End a vendor batch whose status or results stay unreadable; the vendor may send them again before that."""
        self._unreadable[theirs.id] += 1
        if self._unreadable[theirs.id] >= _MAX_UNREADABLE:
            self._close(theirs, VendorStatus(VendorState.ENDED, error.cause, error.message), release=release)

    def _close(self, theirs: VendorBatch, found: VendorStatus, *, release: bool) -> None:
        """Close a vendor batch whose results are stored; its other items fail, or are released."""
        with self._workspace.writing() as db:
            state = batches.state_of(db, self._batch_id)
            missing = stored_batches.unanswered(db, theirs.id)
            if release:
                after = ItemState.CANCELLED if state is BatchState.CANCELLED else ItemState.PENDING
                stored_batches.release(db, self._batch_id, theirs.id, after)
            else:
                failure = ItemFailure(found.missing_cause, found.message)
                lost = [Outcome(item_id, prompt_id, theirs.model_id, 1, failure) for item_id, prompt_id in missing]
                results.store(db, self._batch_id, lost)
            stored_batches.close(db, theirs.id)
        self._progress = progress(self._workspace, self._batch_id)

    @staticmethod
    def _next_results(rows: Iterator[tuple[str, Answer | ProviderError]]) -> list[tuple[str, Answer | ProviderError]]:
        try:
            return list(islice(rows, _CHUNK))
        except ProviderError as error:
            if error.cause is Cause.NO_MODEL:
                return []  # the vendor has no results for this batch
            raise

    def _store(self, theirs: VendorBatch, some: list[tuple[str, Answer | ProviderError]], *, release: bool) -> None:
        by_item = {int(name[5:]): found for name, found in some if name.startswith("item-") and name[5:].isdigit()}
        outcomes = []
        with self._workspace.writing() as db:
            unanswered = {item_id for item_id, _ in stored_batches.unanswered(db, theirs.id)}
            for item in item_claims.load(db, sorted(unanswered & by_item.keys())):
                found = by_item[item.item_id]
                if not (release and isinstance(found, ProviderError)):
                    outcomes.append(self._outcome(item, found))
            touched = results.store(db, self._batch_id, self._near_duplicates.annotate(db, outcomes))
        if outcomes:
            self._on_changes(
                Changes(frozenset({RESULT_KINDS[self._progress.batch.kind], Kind.BATCHES}), tuple(touched))
            )

    def _outcome(self, item: ClaimedItem, found: Answer | ProviderError) -> Outcome:
        ids = (item.item_id, item.prompt_id, item.model_id, 1)
        if isinstance(found, ProviderError):
            return Outcome(*ids, ItemFailure(found.cause, found.message))
        name = self._models[item.model_id]
        price = self._prices.of(name, self._progress.batch.settings.base_urls.get(name))
        used = usage(price, self._request(item), found, batch=True)
        return Outcome(*ids, self._task.result(item, name, found), used)

    def _mark(self, number: int) -> str:
        return f"{self._workspace.uuid}-{number}"

    def _call(self, ask: Callable[[], T]) -> T:
        """Call a vendor, which may take minutes, and send heartbeats meanwhile."""
        future = self._calls.submit(ask)
        while True:
            try:
                return future.result(_HEARTBEAT)
            except Pending:
                self._heartbeat()

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping.wait(min(max(until - time.monotonic(), 0.0), _HEARTBEAT)) and time.monotonic() < until:
            self._heartbeat()

    def _heartbeat(self) -> None:
        with self._workspace.writing() as db:
            item_claims.heartbeat(db, self._runner_id, clock.now(db))
