"""From a batch to whatever runs it: live requests, or the vendor's own batches."""

from collections.abc import Callable, Sequence
from pathlib import Path

from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.evaluation.batch import BatchSettings
from orbench_studio.formats.small_text import text_of
from orbench_studio.providers.endpoints import endpoint, require_batches
from orbench_studio.providers.registry import open_provider
from orbench_studio.services.evaluation.batch_control import require
from orbench_studio.services.evaluation.batch_thread import BatchRunner
from orbench_studio.services.evaluation.live_runner import LiveRunner
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.evaluation import vendor_batches


def require_ready(models: Sequence[str], settings: BatchSettings) -> None:
    """Whether everything is there that the models need, before anything is written down; StudioError says what not."""
    for name in models:
        place = endpoint(name, settings.base_urls.get(name))
        open_provider(place)  # it connects to nothing before it is asked
        if settings.vendor_batch:
            require_batches(place)


def read_text(file: Path) -> str:
    """The text of a file, such as a system prompt; StudioError where it cannot be read."""
    return text_of(file).strip()


def open_runner(
    workspace: Workspace, batch_id: int, prices: Prices, on_changes: Callable[[Changes], None] = lambda _changes: None
) -> BatchRunner:
    """A runner for the batch, not started yet: live, or by the vendors' own batches where it is to use them or did."""
    with workspace.reading() as db:
        settings = require(db, batch_id).settings
        at_vendors = vendor_batches.opened(db, batch_id)
    if settings.vendor_batch or at_vendors:
        # On first use: few batches are such ones, and they bring the vendors' own libraries.
        from orbench_studio.services.evaluation.vendor_batch_runner import VendorRunner

        return VendorRunner(workspace, batch_id, prices, on_changes=on_changes)
    return LiveRunner(workspace, batch_id, prices, on_changes=on_changes)
