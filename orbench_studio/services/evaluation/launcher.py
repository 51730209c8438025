"""Open the runner of a batch: live requests or vendor batches."""

from collections.abc import Callable, Sequence

from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.evaluation.batch import BatchSettings
from orbench_studio.providers.endpoints import endpoint, require_batches
from orbench_studio.providers.registry import open_provider
from orbench_studio.services.evaluation.batch_control import load_batch
from orbench_studio.services.evaluation.batch_runner import BatchRunner
from orbench_studio.services.evaluation.live_runner import LiveRunner
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.evaluation import vendor_batches


def require_ready(models: Sequence[str], settings: BatchSettings) -> None:
    """Check keys and installation of the models before a batch is created; StudioError names what is missing."""
    for name in models:
        target = endpoint(name, settings.base_urls.get(name))
        open_provider(target)  # does not connect yet
        if settings.vendor_batch:
            require_batches(target)


def open_runner(
    workspace: Workspace, batch_id: int, prices: Prices, on_changes: Callable[[Changes], None] = lambda _changes: None
) -> BatchRunner:
    """A runner for the batch, not started yet. It uses vendor batches if the settings say so or some are open."""
    with workspace.reading() as db:
        settings = load_batch(db, batch_id).settings
        open_batches = vendor_batches.open_batches(db, batch_id)
    if settings.vendor_batch or open_batches:
        # Imported on first use: it loads the vendors' SDKs, which few batches need.
        from orbench_studio.services.evaluation.vendor_batch_runner import VendorBatchRunner

        return VendorBatchRunner(workspace, batch_id, prices, on_changes=on_changes)
    return LiveRunner(workspace, batch_id, prices, on_changes=on_changes)
