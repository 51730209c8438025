"""Open the provider of an endpoint."""

from orbench_studio.providers.base import Provider
from orbench_studio.providers.credentials import key_for
from orbench_studio.providers.endpoints import Endpoint, Protocol


def open_provider(endpoint: Endpoint) -> Provider:
    """A provider for the endpoint; StudioError if its key or a package is missing."""
    # Imported on first use: they load network libraries, or the weights of the local model.
    if endpoint.protocol is Protocol.SIMULATED:
        from orbench_studio.providers.simulated import SimulatedProvider

        return SimulatedProvider(endpoint)
    if endpoint.protocol is Protocol.LOCAL:
        from orbench_studio.providers.local_model import LocalProvider

        return LocalProvider(endpoint)
    if endpoint.protocol is Protocol.MESSAGES:
        from orbench_studio.providers.messages import MessagesProvider

        return MessagesProvider(endpoint, key_for(endpoint))
    from orbench_studio.providers.chat import ChatProvider

    return ChatProvider(endpoint, key_for(endpoint))
