"""A vendor that uses as little processor time as possible.

    python -m tests.benchmarks.lean_vendor LATENCY [SHARE STATUS RETRY_AFTER]

Prints its port, then answers every POST after LATENCY seconds with the same chat completion, in two pieces as a distant
vendor does. It refuses SHARE of the requests, chosen at random, at once with STATUS and Retry-After.
"""

import asyncio
import json
import random
import sys
from functools import partial

_TEXT = "An answer of about the length that a model gives, so that storing it is not for free. " * 8
_BODY = json.dumps(
    {
        "choices": [{"message": {"role": "assistant", "content": _TEXT}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 30, "completion_tokens": 170},
    }
).encode()
_REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
_ERROR = '{"error": {"message": "slow down"}}'
_CUT = len(_REPLY) // 2


class _Connection(asyncio.Protocol):
    def __init__(self, latency, share, refusal):
        self._latency, self._share, self._refusal, self._got = latency, share, refusal, b""

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        self._got += data
        while b"\r\n\r\n" in self._got:
            head, _, rest = self._got.partition(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            if len(rest) < length:
                return
            self._got = rest[length:]
            if random.random() < self._share:
                self._send(self._refusal)
            else:
                asyncio.get_running_loop().call_later(self._latency, self._reply)

    def _reply(self):
        self._send(_REPLY[:_CUT])
        asyncio.get_running_loop().call_soon(self._send, _REPLY[_CUT:])

    def _send(self, piece):
        if not self._transport.is_closing():
            self._transport.write(piece)


async def main(latency, share=0.0, status=429, retry_after=1.0):
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    head = f"HTTP/1.1 {status:g} No\r\nContent-Type: application/json\r\nRetry-After: {retry_after:g}\r\n"
    refusal = f"{head}Content-Length: {len(_ERROR)}\r\n\r\n{_ERROR}".encode()
    connection = partial(_Connection, latency, share, refusal)
    server = await loop.create_server(connection, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*map(float, sys.argv[1:])))
