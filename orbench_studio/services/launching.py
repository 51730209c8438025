"""From a batch to whatever runs it: live requests, or the vendor's own batches."""

from collections.abc import Callable, Sequence

from orbench_studio.domain.batch import BatchSettings
from orbench_studio.domain.changes import Changes
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.providers.opening import open_provider
from orbench_studio.services.prices import Prices
from orbench_studio.services.running import Runner
from orbench_studio.services.workspace import Workspace


def require_ready(models: Sequence[str], settings: BatchSettings) -> None:
    """Whether everything is there that the models need, before anything is written down; StudioError says what not."""
    for name in models:
        open_provider(endpoint(name, settings.base_urls.get(name)))  # connects to nothing before it is asked


def open_runner(
    workspace: Workspace, batch_id: int, prices: Prices, on_changes: Callable[[Changes], None] = lambda _changes: None
) -> Runner:
    """A runner for the batch, not started yet."""
    return Runner(workspace, batch_id, prices, on_changes=on_changes)
