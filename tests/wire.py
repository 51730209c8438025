"""A server that writes given bytes, and a provider that sends requests to it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from orbench_studio.domain.evaluation.batch import Sampling
from orbench_studio.providers.base import ProviderError, Request
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.providers.registry import open_provider

_TURNS = 3  # turns of the event loop, so that the reader gets each piece alone


class Wire:
    """A server that reads a request and writes these pieces; the connection stays open unless `closes`."""

    def __init__(self):
        self.pieces, self.closes = (), False
        self.heads = []  # of the requests
        self._runner = asyncio.Runner()

    def __enter__(self):
        self._server = self._runner.run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}/v1"
        self._runner.get_loop().set_default_executor(ThreadPoolExecutor(1))
        self._runner.run(asyncio.to_thread(int))  # the SDKs start a thread of the loop, which stays
        return self

    def __exit__(self, *_error):
        self._server.close()
        self._runner.close()

    def ask(self, timeout=60.0, model="wire/model", adaptations=(), url=None):
        """Send one request; return the answer or the ProviderError."""
        return self._runner.run(complete(endpoint(model, url or self.url), "Why?", timeout, adaptations))

    async def _serve(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head.decode())
            await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
            for piece in self.pieces:
                writer.write(piece)
                await writer.drain()
                for _ in range(_TURNS):
                    await asyncio.sleep(0)
            if not self.closes:
                await reader.read()  # until the client closes
        except ConnectionError:
            pass  # the client has closed
        finally:
            writer.close()


def head(*lines, status="200 OK"):
    """The head of a response."""
    return "\r\n".join((f"HTTP/1.1 {status}", "Content-Type: application/json", *lines, "", "")).encode()


async def complete(target, text, timeout=60.0, adaptations=()):
    """Send one request; return the answer or the ProviderError."""
    provider = open_provider(target, adaptations)
    try:
        return await provider.complete(Request(target.model, text, Sampling(), timeout=timeout))
    except ProviderError as error:
        return error
    finally:
        await provider.close()
