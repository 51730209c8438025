"""A server that writes exactly the bytes it is told, and a provider that asks it."""

import asyncio

from orbench_studio.domain.evaluation.batch import Sampling
from orbench_studio.providers.base import AskError, Request
from orbench_studio.providers.endpoints import endpoint
from orbench_studio.providers.registry import open_provider

_TURNS = 3  # of the event loop, in which the reader gets what was written


class Wire:
    """A server that reads a request and writes these pieces; the connection stays open unless `closes`."""

    def __init__(self):
        self.pieces, self.closes = (), False
        self._runner = asyncio.Runner()

    def __enter__(self):
        self._server = self._runner.run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        port = self._server.sockets[0].getsockname()[1]
        self._place = endpoint("wire/model", f"http://127.0.0.1:{port}/v1")
        return self

    def __exit__(self, *_error):
        self._server.close()
        self._runner.close()

    def ask(self, timeout=60.0):
        """What the model says, or the AskError."""
        return self._runner.run(asked(self._place, "Why?", timeout))

    async def _serve(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length:")[2].split()[0]))
            for piece in self.pieces:
                writer.write(piece)
                await writer.drain()
                for _ in range(_TURNS):
                    await asyncio.sleep(0)
            if not self.closes:
                await reader.read()  # until the other side has what it wants
        except ConnectionError:
            pass  # it has gone
        finally:
            writer.close()


def head(*lines, status="200 OK"):
    """The beginning of a reply."""
    return "\r\n".join((f"HTTP/1.1 {status}", "Content-Type: application/json", *lines, "", "")).encode()


async def asked(place, text, timeout=60.0):
    """The answer of a model to a text, or the AskError that says why there is none."""
    provider = open_provider(place)
    try:
        return await provider.ask(Request(place.model, text, Sampling(), timeout=timeout))
    except AskError as error:
        return error
    finally:
        await provider.close()
