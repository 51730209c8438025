"""A TCP proxy before a PostgreSQL server that delays everything by the same time in each direction."""

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
        """How often a client waited for replies; it does not at the end of a transaction that only read."""
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
        await asyncio.gather(
            _pass_on(reader, there_writer, seconds, _Messages(trips).read),
            _pass_on(there_reader, writer, seconds, lambda _part: None),
        )

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    told.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


class _Messages:
    """The messages of a client, in batches: it waits after each batch, except after a COMMIT alone."""

    def __init__(self, trips):
        self._trips = trips
        self._rest = self._first = b""

    def read(self, part):
        """Read the next part of the stream."""
        self._rest += part
        while len(self._rest) > 4:
            typed = self._rest[0] != 0  # the first messages of a connection have no type
            length = int.from_bytes(self._rest[typed : typed + 4]) + typed
            if len(self._rest) < length:
                return
            message, self._rest = self._rest[:length], self._rest[length:]
            self._first = self._first or message
            if message[:1] in b"SHQ":  # sync, flush, query
                self._trips.value += self._first[5:13] != b"\0COMMIT\0"
                self._first = b""


async def _pass_on(reader, writer, seconds, on_arrival):
    """Write each part `seconds` after it arrived: later parts do not wait for earlier ones."""
    clock = asyncio.get_running_loop()
    parts = asyncio.Queue()

    async def read():
        with suppress(ConnectionError):
            while part := await reader.read(_CHUNK):
                on_arrival(part)
                parts.put_nowait((clock.time() + seconds, part))
        parts.put_nowait((clock.time() + seconds, b""))

    async def write():
        with suppress(ConnectionError):
            while True:
                due, part = await parts.get()
                await asyncio.sleep(due - clock.time())
                if not part:
                    break
                writer.write(part)
                await writer.drain()
        writer.close()

    await asyncio.gather(read(), write())
