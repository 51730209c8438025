"""A TCP proxy that delays everything by the same time in each direction, as a distant server does."""

import asyncio
import multiprocessing
from contextlib import suppress
from ctypes import c_long

_CHUNK = 65_536
_SPAWN = multiprocessing.get_context("spawn")


class Delay:
    """A proxy in a process of its own; `trips` counts the round trips of all connections."""

    def __init__(self, port, seconds):
        self._trips = _SPAWN.Value(c_long, 0)
        ours, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=_serve, args=(port, seconds, self._trips, theirs), daemon=True)
        self._process.start()
        self.port = ours.recv()

    @property
    def trips(self):
        """How often the client sent something after it had received everything up to then."""
        return self._trips.value

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self._process.terminate()
        self._process.join()


def _serve(port, seconds, trips, told):
    asyncio.run(_run(port, seconds, trips, told))


async def _run(port, seconds, trips, told):
    async def connected(reader, writer):
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", port)
        received = [True]  # whether the client has received something since it sent last

        def sent():
            if received[0]:
                trips.value += 1
            received[0] = False

        def delivered():
            received[0] = True

        await asyncio.gather(
            _pass_on(reader, there_writer, seconds, sent, lambda: None),
            _pass_on(there_reader, writer, seconds, lambda: None, delivered),
        )

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    told.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


async def _pass_on(reader, writer, seconds, on_arrival, on_delivery):
    """Write each part `seconds` after it arrived: later parts do not wait for earlier ones."""
    clock = asyncio.get_running_loop()
    parts = asyncio.Queue()

    async def read():
        with suppress(ConnectionError):
            while part := await reader.read(_CHUNK):
                on_arrival()
                parts.put_nowait((clock.time() + seconds, part))
        parts.put_nowait((clock.time() + seconds, b""))

    async def write():
        with suppress(ConnectionError):
            while True:
                due, part = await parts.get()
                await asyncio.sleep(due - clock.time())
                if not part:
                    break
                on_delivery()
                writer.write(part)
                await writer.drain()
        writer.close()

    await asyncio.gather(read(), write())
