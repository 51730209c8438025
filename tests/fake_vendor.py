"""A local vendor on a real socket, with scripted answers and faults."""

import asyncio
import json
import math
import threading
import time
from collections import Counter

from aiohttp import web

from tests.delivery import deliver

KEY = "sk-test-4711"
USAGE = {"prompt_tokens": 10, "completion_tokens": 20}
TIMEOUT = 120  # seconds, for a busy machine
PROBE = "Hello"  # the text of the request before a vendor batch, which is no prompt


def chat(text, finish="stop", **more):
    """A chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **more}, "finish_reason": finish}
    return {"id": "x", "object": "chat.completion", "choices": [choice], "usage": USAGE}


def completion(text, finish="stop"):
    """A text completion; an answer of (text, logprob) pairs has log-probabilities, as vLLM sends them."""
    pairs = [] if isinstance(text, str) else text
    choice = {"index": 0, "text": text if isinstance(text, str) else "".join(t for t, _ in pairs)}
    if pairs:
        top = [{token: math.log(share), "other": math.log(1.0001 - share)} for token, share in pairs]
        tokens, own = [token for token, _ in pairs], [math.log(share) for _, share in pairs]
        choice["logprobs"] = {"tokens": tokens, "token_logprobs": own, "top_logprobs": top, "text_offset": []}
    return {"id": "x", "object": "text_completion", "choices": [choice | {"finish_reason": finish}], "usage": USAGE}


def message(text, stop="end_turn"):
    """An Anthropic message."""
    usage = {"input_tokens": 10, "output_tokens": 20}
    return {"type": "message", "content": [{"type": "text", "text": text}], "stop_reason": stop, "usage": usage}


def fault(status, text="it went wrong", headers=None, **more):
    """An error response as the vendors send it."""
    body = {"error": {"message": text, **more}}
    return lambda: web.json_response(body, status=status, headers=headers or {})


def json_reply(body, headers=None):
    """A response with this JSON body."""
    return lambda: web.json_response(body, headers=headers or {})


def raw(text, content_type="text/html", status=200):
    """A response with any text and content type."""
    return lambda: web.Response(text=text, content_type=content_type, status=status)


class Vendor:
    """Serves in a thread. `script` maps a part of a prompt to successive replies; after them it answers normally.

    A reply is a function that returns a response, or one of "drop", "half", "hang". `way` is a way of delivery of
    `tests.delivery`; the default, padded and in chunks, is the most difficult one.
    """

    def __init__(self, latency=0.0, key=None, way="padded"):
        self.way = way
        self.script = {}
        self.refuses = {}  # a reply to every request for a model, by name
        self.asked = Counter()
        self.bodies = []
        self.answer = lambda prompt: f"An answer to: {prompt}"
        self.models = json_reply({"data": [{"id": "llama3"}, {"id": "qwen3"}]})
        self.latency = latency
        self.key = key
        self.rejects = {}  # parameter: message of the status 400 for a request that has it
        self.times = []
        self.held = False  # True or a model's name: that is not answered
        self.max_concurrent, self.rejected = None, 0
        self.concurrent = 0
        self.queues = Counter()
        self._arrived = threading.Condition()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vendor")

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(TIMEOUT)
        return self

    def __exit__(self, *_error):
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join(TIMEOUT)

    def wait_for(self, requests):
        """Wait for this number of requests."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: len(self.bodies) >= requests, TIMEOUT), "timeout"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def routes(self, app):
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/completions", self._completions)
        app.router.add_post("/v1/messages", self._messages)
        app.router.add_get("/v1/models", self._models)

    def _run(self):
        asyncio.run(self._serve())

    async def _serve(self):
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application(middlewares=[self._deliver])
        self.routes(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        self.port = site._server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        await runner.cleanup()
        for transport in [*self._loop._transports.values()]:  # also new connections without a request
            transport.abort()
        await asyncio.sleep(0)  # they close in this turn

    @web.middleware
    async def _deliver(self, request, handler):
        return await deliver(request, await handler(request), await self.way_of(request))

    async def way_of(self, _request):
        """The way of delivery for a request."""
        return self.way

    async def _models(self, _request):
        return self.models()

    async def _chat(self, request):
        body = await request.json()
        prompt = body["messages"][-1]["content"]
        return await self._reply(request, body, prompt, lambda: web.json_response(chat(self.answer(prompt))))

    async def _completions(self, request):
        body = await request.json()
        prompt = body["prompt"]
        return await self._reply(request, body, prompt, lambda: web.json_response(completion(self.answer(prompt))))

    async def _messages(self, request):
        body = await request.json()
        prompt = body["messages"][-1]["content"]
        return await self._reply(request, body, prompt, lambda: web.json_response(message(self.answer(prompt))))

    async def _reply(self, request, body, prompt, answer):
        if prompt != PROBE:
            self.asked[prompt] += 1
        with self._arrived:
            self.bodies.append(body)
            self._arrived.notify_all()
        self.times.append(time.monotonic())
        self.concurrent += 1
        try:
            if self.key and self.key not in (
                request.headers.get("Authorization", "").removeprefix("Bearer "),
                request.headers.get("x-api-key", ""),
            ):
                return fault(401, f"Incorrect API key provided: {request.headers.get('Authorization')}")()
            if self.max_concurrent and self.concurrent > self.max_concurrent:
                self.rejected += 1
                return fault(429, "too many at once", {"Retry-After": "0.02"})()
            for name in self.rejects.keys() & body.keys():
                return fault(400, self.rejects[name], type="invalid_request_error")()
            await asyncio.sleep(self.latency)
            while self.held in (True, body.get("model")):
                await asyncio.sleep(0.01)
            refusal = self.refuses.get(body.get("model"))
            return await self.response(request, refusal or self._scripted_reply(prompt) or answer)
        finally:
            self.concurrent -= 1

    async def response(self, request, reply):
        """The response for a reply."""
        return await _broken(request, reply) if isinstance(reply, str) else reply()

    def _scripted_reply(self, prompt):
        for piece, replies in self.script.items():
            if piece in prompt and self.queues[prompt] != len(replies):
                self.queues[prompt] += 1
                return replies[self.queues[prompt] - 1]
        return None


async def _broken(request, how):
    if how == "hang":
        await asyncio.sleep(60)
    if how == "half":
        response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(json.dumps(chat("half of"))[:40].encode())
    if request.transport is not None:  # the client may have closed already
        request.transport.close()
    return web.Response()
