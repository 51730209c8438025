"""A vendor on a real socket of this machine: answers as told, with every fault that a vendor or a network can have."""

import asyncio
import json
import threading
import time
from collections import Counter

from aiohttp import web

from tests.delivery import deliver

KEY = "sk-test-4711"
USAGE = {"prompt_tokens": 10, "completion_tokens": 20}
PATIENCE = 120  # seconds that a busy machine may take


def chat(text, finish="stop", **more):
    """A chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **more}, "finish_reason": finish}
    return {"id": "x", "object": "chat.completion", "choices": [choice], "usage": USAGE}


def message(text, stop="end_turn"):
    """An Anthropic message."""
    usage = {"input_tokens": 10, "output_tokens": 20}
    return {"type": "message", "content": [{"type": "text", "text": text}], "stop_reason": stop, "usage": usage}


def fault(status, text="it went wrong", headers=None, **more):
    """A reply that says what is wrong, as the vendors write it."""
    body = {"error": {"message": text, **more}}
    return lambda: web.json_response(body, status=status, headers=headers or {})


def says(body, headers=None):
    """A reply with this body."""
    return lambda: web.json_response(body, headers=headers or {})


def raw(text, content_type="text/html", status=200):
    """A reply that is no JSON, or not what it says it is."""
    return lambda: web.Response(text=text, content_type=content_type, status=status)


class Vendor:
    """Serves in a thread. `script` maps a piece of a prompt to its replies, one after the other; then it answers.

    A reply is a function that makes a response, or one of "drop", "half", "hang". It is delivered in a `way` of
    `tests.delivery`: by default after blanks and in pieces, which is the hardest of them.
    """

    def __init__(self, latency=0.0, key=None, way="padded"):
        self.way = way
        self.script = {}
        self.asked = Counter()
        self.bodies = []
        self.answer = lambda prompt: f"An answer to: {prompt}"
        self.models = says({"data": [{"id": "llama3"}, {"id": "qwen3"}]})
        self.latency = latency
        self.key = key
        self.times = []
        self.held = False  # while it is, nothing is answered
        self.most_allowed, self.refused = None, 0
        self.at_once = self.most_at_once = 0
        self.queues = Counter()
        self._came = threading.Condition()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vendor")

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def __exit__(self, *_error):
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join(PATIENCE)

    def wait_for(self, requests):
        """Until so many requests have come."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.bodies) >= requests, PATIENCE), "they never came"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def routes(self, app):
        app.router.add_post("/v1/chat/completions", self._chat)
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
        for transport in [*self._loop._transports.values()]:  # also of who connected just now and has said nothing
            transport.abort()
        await asyncio.sleep(0)  # that is when they close

    @web.middleware
    async def _deliver(self, request, handler):
        return await deliver(request, await handler(request), await self.way_of(request))

    async def way_of(self, _request):
        """How the reply to this request is delivered."""
        return self.way

    async def _models(self, _request):
        return self.models()

    async def _chat(self, request):
        body = await request.json()
        prompt = body["messages"][-1]["content"]
        return await self._reply(request, body, prompt, lambda: web.json_response(chat(self.answer(prompt))))

    async def _messages(self, request):
        body = await request.json()
        prompt = body["messages"][-1]["content"]
        return await self._reply(request, body, prompt, lambda: web.json_response(message(self.answer(prompt))))

    async def _reply(self, request, body, prompt, answer):
        self.asked[prompt] += 1
        with self._came:
            self.bodies.append(body)
            self._came.notify_all()
        self.times.append(time.monotonic())
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            if self.key and self.key not in (
                request.headers.get("Authorization", "").removeprefix("Bearer "),
                request.headers.get("x-api-key", ""),
            ):
                return fault(401, f"Incorrect API key provided: {request.headers.get('Authorization')}")()
            if self.most_allowed and self.at_once > self.most_allowed:
                self.refused += 1
                return fault(429, "too many at once", {"Retry-After": "0.02"})()
            await asyncio.sleep(self.latency)
            while self.held:
                await asyncio.sleep(0.01)
            return await self.given(request, self._told(prompt) or answer)
        finally:
            self.at_once -= 1

    async def given(self, request, reply):
        """The response that a reply stands for."""
        return await _broken(request, reply) if isinstance(reply, str) else reply()

    def _told(self, prompt):
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
    if request.transport is not None:  # the other side may have gone already
        request.transport.close()
    return web.Response()
