"""The ways in which servers of the world deliver a reply; `whole`, in one write, is the rarest of them."""

import asyncio
import gzip

from aiohttp import web

WAYS = ("whole", "pieces", "chunked", "padded", "gzip", "closed")
"""pieces: in several writes with a content-length; padded: chunked, after blanks that keep the connection alive;
closed: the end of the connection is the end of the reply. gzip only for clients that accept it."""
_PIECES = 5
_PAUSE = 0.001  # seconds; the reader gets each piece alone, also where it runs in another thread
_PADDING = (b" ", b"\n\n", b"\r\n \t", b"\n")


async def deliver(request, response, way):
    """The response on its way. What a handler has sent already, or cut off, stays as it is."""
    if way == "whole" or response.prepared or request.transport is None or request.transport.is_closing():
        return response
    body = response.body or b""
    is_packed = way == "gzip" and "gzip" in request.headers.get("Accept-Encoding", "")
    if is_packed:
        response.headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body)
    if way == "closed":
        return await _closed(request, response, body)
    response.headers.pop("Content-Length", None)
    sent = web.StreamResponse(status=response.status, headers=response.headers)
    if way == "pieces":
        sent.content_length = len(body)
    await sent.prepare(request)
    padding = _PADDING if way == "padded" and response.content_type == "application/json" else ()
    for piece in (*padding, *pieces(body)):
        await sent.write(piece)
        await asyncio.sleep(_PAUSE)
    await sent.write_eof()
    return sent


def pieces(body, most=_PIECES):
    """The bytes in at most so many parts; cuts fall also within characters."""
    size = max(-(-len(body) // most), 1)
    return [body[start : start + size] for start in range(0, len(body), size)]


async def _closed(request, response, body):
    """Neither a length nor chunks, as HTTP/1.0 has it."""
    response.headers.pop("Content-Length", None)
    response.headers["Connection"] = "close"
    head = [f"HTTP/1.1 {response.status} {response.reason}", *(f"{k}: {v}" for k, v in response.headers.items())]
    for piece in ("\r\n".join([*head, "", ""]).encode(), *pieces(body)):
        if request.transport is None:  # the other side has gone
            break
        request.transport.write(piece)
        await asyncio.sleep(_PAUSE)
    if request.transport is not None:
        request.transport.close()
    return web.Response()
