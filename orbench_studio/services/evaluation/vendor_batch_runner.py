"""A batch at work through its vendors' own batches: handed in, asked after, and the results taken home.

The number of ours is written down before anything is handed in, the vendor's id as soon as there is one. Whoever is
killed in between finds the vendor's batch again.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.evaluation.batch import PASSING, BatchState, Cause, ItemState
from orbench_studio.errors import StudioError
from orbench_studio.providers.base import Answer, AskError, Request
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.providers.vendor_batches import Look, VendorBatches, VendorState, vendor_batches
from orbench_studio.services.evaluation.batch_control import become, progress, require
from orbench_studio.services.evaluation.batch_coordinator import BRINGS, cap_reached
from orbench_studio.services.evaluation.batch_tasks import task_of
from orbench_studio.services.evaluation.batch_thread import BatchRunner, Snapshot
from orbench_studio.services.evaluation.live_runner import LEASE, LiveRunner
from orbench_studio.services.evaluation.near_duplicate_filter import NearDuplicateFilter
from orbench_studio.services.evaluation.prices import Prices, cost
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import clock
from orbench_studio.store.evaluation import batches, item_claims, results
from orbench_studio.store.evaluation import vendor_batches as kept
from orbench_studio.store.evaluation.item_claims import Claimed
from orbench_studio.store.evaluation.results import ItemFailure, Outcome, Usage
from orbench_studio.store.evaluation.vendor_batches import VendorBatch

log = logging.getLogger(__name__)
_POLL = 30.0  # seconds between two questions to a vendor
_PATIENCE = timedelta(minutes=10)  # in which a vendor may not know a batch yet that it has just been given
_AT_ONCE = 500  # results stored in one transaction
_STIR = 2.0  # seconds between two signs of life while a vendor takes its time

T = TypeVar("T")


class VendorRunner(BatchRunner):
    """Hands in, asks after, takes home. What is to be sent live after all goes to a `Runner`."""

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
        self._task, self._library = task_of(self._progress.batch), NearDuplicateFilter(self._progress.batch.kind)
        base_urls = self._progress.batch.settings.base_urls
        with workspace.reading() as db:
            self._models = batches.models(db, batch_id)
        self._places = {key: endpoint(name, base_urls.get(name)) for key, name in self._models.items()}
        self._vendors: dict[int, VendorBatches] = {key: vendor_batches(there) for key, there in self._places.items()}
        self._runner_id = 0
        self._waiting = ""
        self._live: LiveRunner | None = None
        self._stopping = threading.Event()

    def stop(self, *, grace: float | None = None) -> None:
        """Ask no more; the vendor goes on, and its results can be taken home later."""
        self._stopping.set()
        if self._live is not None:
            self._live.stop(grace=grace)

    def snapshot(self) -> Snapshot:
        return self._live.snapshot() if self._live is not None else Snapshot(self._progress, {}, self._waiting)

    def _work(self) -> None:
        with ThreadPoolExecutor(1, thread_name_prefix="vendor") as away:
            self._away_with = away
            self._attend_all()
        if self._live is not None and not self._stopping.is_set():
            self._live.start()
            self._live.wait()
        self._progress = progress(self._workspace, self._batch_id)

    def _attend_all(self) -> None:
        self._sign_on()
        try:
            while not self._stopping.is_set() and not self._turn():
                self._idle(self._poll)
        finally:
            for vendor in self._vendors.values():
                vendor.close()
            with self._workspace.writing() as db:
                item_claims.sign_off(db, self._runner_id)
                goes_on = self._live is not None and not self._stopping.is_set()
                if not goes_on and batches.state_of(db, self._batch_id) is BatchState.RUNNING:
                    become(db, self._batch_id, BatchState.PAUSED)

    def _sign_on(self) -> None:
        """Alone: two processes would hand the same in twice. One that was killed is waited for."""
        while not self._stopping.is_set():
            with self._workspace.writing() as db:
                item_claims.take_over(db, self._batch_id, clock.now(db))
                if not item_claims.others(db, self._batch_id, None, clock.now(db)):
                    self._begin(db)
                    return
            self._waiting = "another process, or one that was killed a moment ago"
            self._stopping.wait(min(self._lease / 10, 1.0))

    def _begin(self, db: Connection) -> None:
        state = require(db, self._batch_id).state
        if state is BatchState.FINISHED:
            raise StudioError(f"Batch {self._batch_id} is finished: there is nothing left to send.")
        if state is not BatchState.CANCELLED:
            become(db, self._batch_id, BatchState.RUNNING)
        self._runner_id = item_claims.sign_on(db, self._batch_id, self._lease, clock.now(db))

    def _turn(self) -> bool:
        """Hand in, ask after, take home; True where there is nothing more to do here."""
        self._stir()
        with self._workspace.reading() as db:
            batch = require(db, self._batch_id)
            opened = kept.opened(db, self._batch_id)
        running = batch.state is BatchState.RUNNING
        for theirs in opened:
            self._attend(theirs, withdraw=not batch.settings.vendor_batch or batch.state is BatchState.CANCELLED)
        if running and batch.settings.vendor_batch:
            for model_id in self._models:
                while self._hand_in(model_id):
                    pass
        self._progress = progress(self._workspace, self._batch_id)
        return self._is_over()

    def _is_over(self) -> bool:
        with self._workspace.writing() as db:
            batch = require(db, self._batch_id)
            opened = kept.opened(db, self._batch_id)
            at_vendors = sum(theirs.size for theirs in opened)
            self._waiting = f"the vendor, who has {at_vendors:,} items" if opened else ""
            if batch.state is BatchState.CANCELLED:
                return not opened
            if batch.state is not BatchState.RUNNING:
                return True
            if opened:
                return False
            if not batches.has_items(db, self._batch_id, (ItemState.PENDING, ItemState.CLAIMED)):
                become(db, self._batch_id, BatchState.FINISHED)
                return True
        if not batch.settings.vendor_batch:
            self._live = LiveRunner(self._workspace, self._batch_id, self._prices, on_changes=self._on_changes)
        return not batch.settings.vendor_batch

    def _hand_in(self, model_id: int) -> bool:
        """Hand in the next items of a model; False where there are none, or the batch had to stop."""
        vendor, size = self._vendors[model_id], 0
        bodies: list[tuple[str, dict[str, Any]]] = []
        with self._workspace.writing() as db:
            items = item_claims.claim(db, self._batch_id, model_id, self._runner_id, vendor.most_items)
            for item in items:
                request = self._request(item)
                body = vendor.body(request)
                size += len(str(body).encode())
                if bodies and size > vendor.most_bytes:
                    break
                bodies.append((f"item-{item.item_id}", body))
            sent = items[: len(bodies)]
            item_claims.give_back(db, self._runner_id, [item.item_id for item in items[len(bodies) :]])
            if not sent or self._is_too_dear(db, model_id, sent):
                item_claims.give_back(db, self._runner_id, [item.item_id for item in sent])
                return False
            number = kept.hand_over(db, self._batch_id, model_id, [item.item_id for item in sent])
        try:
            vendor_id = self._away(lambda: vendor.send(bodies, self._mark(number)))
        except AskError as error:
            return self._not_handed_in(number, error)
        with self._workspace.writing() as db:
            kept.name(db, number, vendor_id)
        return True

    def _request(self, item: Claimed) -> Request:
        name = self._models[item.model_id]
        return self._task.request(item, name, self._places[item.model_id].model)

    def _is_too_dear(self, db: Connection, model_id: int, items: list[Claimed]) -> bool:
        """Whether the cap might not hold: what is handed in cannot be stopped at a sum. Stops the batch if so."""
        settings = self._progress.batch.settings
        cap = settings.limits.max_cost
        if cap is None:
            return False
        price = self._prices.of(self._models[model_id], settings.base_urls.get(self._models[model_id]))
        most = sum(
            cost(price, self._request(item).tokens, settings.sampling.max_tokens, batch=True) or 0.0 for item in items
        )
        spent = batches.spent(db, self._batch_id)
        note = cap_reached(cap, spent)
        if note is None and spent + most > cap:
            note = f"What is left could cost up to {most:.2f} USD, more than the cap of {cap:.2f} USD leaves."
        if note is not None:
            log.info("batch %d: %s", self._batch_id, note)
            become(db, self._batch_id, BatchState.STOPPED, note)
        return note is not None

    def _not_handed_in(self, number: int, error: AskError) -> bool:
        """Where the vendor may have it all the same, it is looked for; else the items go back and the batch stops."""
        if error.cause not in PASSING:
            with self._workspace.writing() as db:
                kept.take_back(db, self._batch_id, number, ItemState.PENDING)
                kept.close(db, number)
                log.info("batch %d: nothing can be handed in, %s", self._batch_id, error.cause)
                become(db, self._batch_id, BatchState.STOPPED, error.message)
        return False

    def _attend(self, theirs: VendorBatch, *, withdraw: bool) -> None:
        """Ask after one of the vendor's batches; take its results home when it has ended."""
        vendor = self._vendors[theirs.model_id]
        try:
            vendor_id = theirs.vendor_id or self._find(theirs)
            if vendor_id is None:
                return
            found = self._look(theirs, vendor_id)
            if found.state is VendorState.ENDED:
                self._take_home(theirs, vendor_id, found, back=withdraw)
            elif found.state is VendorState.WORKING and withdraw:
                self._away(lambda: vendor.cancel(vendor_id))
        except AskError as error:
            if error.cause not in PASSING:
                raise StudioError(f"{self._models[theirs.model_id]}: {error.message}") from error

    def _find(self, theirs: VendorBatch) -> str | None:
        """The id of a batch whose id was lost; after a while without it, its items go back."""
        vendor, since = self._vendors[theirs.model_id], theirs.created_at - timedelta(minutes=5)
        with self._workspace.reading() as db:
            known = kept.known(db)
        found = self._away(lambda: vendor.find(self._mark(theirs.id), theirs.size, since, known))
        with self._workspace.writing() as db:
            if found is not None:
                kept.name(db, theirs.id, found)
            elif self._is_old(theirs):
                kept.take_back(db, self._batch_id, theirs.id, ItemState.PENDING)
                kept.close(db, theirs.id)
        return found

    def _look(self, theirs: VendorBatch, vendor_id: str) -> Look:
        vendor = self._vendors[theirs.model_id]
        try:
            return self._away(lambda: vendor.look(vendor_id))
        except AskError as error:
            if error.cause is not Cause.NO_MODEL:  # a 404, here of the batch
                raise
        return Look(VendorState.ENDED if self._is_old(theirs) else VendorState.MISSING)

    def _is_old(self, theirs: VendorBatch) -> bool:
        return datetime.now(UTC) - theirs.created_at > self._patience

    def _take_home(self, theirs: VendorBatch, vendor_id: str, found: Look, *, back: bool) -> None:
        """Store all results. What has none has failed, or goes `back`: to be sent live, or cancelled with the batch."""
        rows = iter(self._vendors[theirs.model_id].results(vendor_id))
        while some := self._away(lambda: self._some(rows)):
            self._store(theirs, some, back=back)
        with self._workspace.writing() as db:
            state = batches.state_of(db, self._batch_id)
            left = kept.unanswered(db, theirs.id)
            if back:
                after = ItemState.CANCELLED if state is BatchState.CANCELLED else ItemState.PENDING
                kept.take_back(db, self._batch_id, theirs.id, after)
            else:
                given = ItemFailure(found.unanswered, found.message)
                lost = [Outcome(item_id, prompt_id, theirs.model_id, 1, given) for item_id, prompt_id in left]
                results.store(db, self._batch_id, lost)
            kept.close(db, theirs.id)
        self._progress = progress(self._workspace, self._batch_id)

    @staticmethod
    def _some(rows: Iterator[tuple[str, Answer | AskError]]) -> list[tuple[str, Answer | AskError]]:
        try:
            return list(islice(rows, _AT_ONCE))
        except AskError as error:
            if error.cause is Cause.NO_MODEL:
                return []  # the vendor has no results of it
            raise

    def _store(self, theirs: VendorBatch, some: list[tuple[str, Answer | AskError]], *, back: bool) -> None:
        by_item = {int(name[5:]): found for name, found in some if name.startswith("item-") and name[5:].isdigit()}
        outcomes = []
        with self._workspace.writing() as db:
            theirs_still = {item_id for item_id, _ in kept.unanswered(db, theirs.id)}
            for item in item_claims.load(db, sorted(theirs_still & by_item.keys())):
                found = by_item[item.item_id]
                if not (back and isinstance(found, AskError)):
                    outcomes.append(self._outcome(item, found))
            touched = results.store(db, self._batch_id, self._library.compare(db, outcomes))
        if outcomes:
            self._on_changes(Changes(frozenset({BRINGS[self._progress.batch.kind], Kind.BATCHES}), tuple(touched)))

    def _outcome(self, item: Claimed, found: Answer | AskError) -> Outcome:
        place = (item.item_id, item.prompt_id, item.model_id, 1)
        if isinstance(found, AskError):
            return Outcome(*place, ItemFailure(found.cause, found.message))
        name = self._models[item.model_id]
        price = self._prices.of(name, self._progress.batch.settings.base_urls.get(name))
        tokens = (found.input_tokens, found.output_tokens)
        return Outcome(*place, self._task.result(item, name, found), Usage(*tokens, cost(price, *tokens, batch=True)))

    def _mark(self, number: int) -> str:
        return f"{self._workspace.uuid}-{number}"

    def _away(self, ask: Callable[[], T]) -> T:
        """Ask a vendor, which may take minutes, and show signs of life meanwhile."""
        asked = self._away_with.submit(ask)
        while True:
            try:
                return asked.result(_STIR)
            except NotYet:
                self._stir()

    def _idle(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopping.wait(min(max(until - time.monotonic(), 0.0), _STIR)) and time.monotonic() < until:
            self._stir()

    def _stir(self) -> None:
        with self._workspace.writing() as db:
            item_claims.still_there(db, self._runner_id, clock.now(db))
