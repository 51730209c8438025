"""Ways in which servers deliver a response; `whole`, in one write, is the rarest."""

import asyncio
import gzip

from aiohttp import web

WAYS = ("whole", "pieces", "chunked", "padded", "gzip", "closed")
"""pieces: several writes with a content length; padded: chunked, after blanks that keep the connection alive;
closed: the end of the connection ends the response. gzip only for clients that accept it."""
_PIECES = 5
_PAUSE = 0.001  # seconds, so that the reader gets each piece alone
_PADDING = (b" ", b"\n\n", b"\r\n \t", b"\n")


async def deliver(request, response, way):
    """Deliver a response. One that the handler has sent or cut off already is left unchanged."""
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
    """Split the bytes into at most this number of parts, also inside of characters."""
    size = max(-(-len(body) // most), 1)
    return [body[start : start + size] for start in range(0, len(body), size)]


async def _closed(request, response, body):
    """Without a length or chunks, as in HTTP/1.0."""
    response.headers.pop("Content-Length", None)
    response.headers["Connection"] = "close"
    head = [f"HTTP/1.1 {response.status} {response.reason}", *(f"{k}: {v}" for k, v in response.headers.items())]
    for piece in ("\r\n".join([*head, "", ""]).encode(), *pieces(body)):
        if request.transport is None:  # the client has closed
            break
        request.transport.write(piece)
        await asyncio.sleep(_PAUSE)
    if request.transport is not None:
        request.transport.close()
    return web.Response()
