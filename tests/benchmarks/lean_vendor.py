"""A vendor that takes as little processor time as it can: `python -m tests.benchmarks.lean_vendor LATENCY`.

Says its port, then answers every POST after so many seconds with the same chat completion, in two pieces as a vendor
far away does.
"""

import asyncio
import json
import sys

_TEXT = "An answer of about the length that a model gives, so that storing it is not for free. " * 8
_BODY = json.dumps(
    {
        "choices": [{"message": {"role": "assistant", "content": _TEXT}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 30, "completion_tokens": 170},
    }
).encode()
_REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
_CUT = len(_REPLY) // 2


class _Connection(asyncio.Protocol):
    def __init__(self, latency):
        self._latency, self._got = latency, b""

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
            asyncio.get_running_loop().call_later(self._latency, self._reply)

    def _reply(self):
        self._send(_REPLY[:_CUT])
        asyncio.get_running_loop().call_soon(self._send, _REPLY[_CUT:])

    def _send(self, piece):
        if not self._transport.is_closing():
            self._transport.write(piece)


async def main(latency):
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(latency), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1])))
