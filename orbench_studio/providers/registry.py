"""Open the provider of an endpoint."""

from collections.abc import Collection

from orbench_studio.domain.evaluation.adaptation import Adaptation
from orbench_studio.providers.base import Provider
from orbench_studio.providers.credentials import key_for
from orbench_studio.providers.endpoints import Endpoint, Protocol


def open_provider(endpoint: Endpoint, adaptations: Collection[Adaptation] = ()) -> Provider:
    """A provider for the endpoint, with what is known of the model; StudioError if its key or a package is missing."""
    # Imported on first use: they load the vendors' SDKs, or the weights of the local model.
    if endpoint.protocol is Protocol.SIMULATED:
        from orbench_studio.providers.simulated import SimulatedProvider

        return SimulatedProvider(endpoint)
    if endpoint.protocol is Protocol.LOCAL:
        from orbench_studio.providers.local_model import LocalProvider

        return LocalProvider(endpoint)
    from orbench_studio.providers.vendor import VendorProvider

    return VendorProvider(endpoint, key_for(endpoint), adaptations)
