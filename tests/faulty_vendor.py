"""A vendor with many faults, in its own process: `python -m tests.faulty_vendor [--share 0.22] [--latency 0.2]`.

It prints its base URL and serves until it is killed. The text of a prompt alone determines its faults. GET /counts
returns the numbers of requests and answers; POST /heal ends all faults.
"""

import argparse
import random
import threading
import zlib
from collections import Counter

from aiohttp import web

from tests.delivery import WAYS
from tests.fake_vendor import Vendor, chat, fault, json_reply, raw

RETRYABLE = (
    fault(429, "slow down", {"Retry-After": "1"}),
    fault(429, "slow down"),
    fault(500, "out of order"),
    fault(529, "overloaded"),
    "drop",
    "half",
    raw('{"choices": [', "application/json"),
    raw("<html>Bad gateway</html>", status=502),
    raw("<html>Log in to the hotel's network</html>"),
    json_reply({"choices": []}),
    json_reply(chat(None)),
)
ANSWERS = (
    json_reply(chat("", "content_filter")),
    fault(400, "The response was filtered.", code="content_filter"),
)
PERMANENT = (fault(400, "that will not do"), fault(500, "out of order"))
_PERMANENT_SHARE = 0.03  # share of the faults


class FaultyVendor(Vendor):
    """Two thirds of the faults end after one or two attempts; one third are answers of a filter."""

    def __init__(self, share, **options):
        super().__init__(**options)
        self.share = share
        self.answered = Counter()  # number of answers by prompt

    def routes(self, app):
        super().routes(app)
        app.router.add_get("/counts", self._counts)
        app.router.add_post("/heal", self._heal)

    async def way_of(self, request):
        """Choose the way of delivery by the request."""
        return WAYS[zlib.crc32(await request.read()) % len(WAYS)]

    def _scripted_reply(self, prompt):
        reply = self._fault(prompt)
        if reply is None or reply in ANSWERS:
            self.answered[prompt] += 1
        return reply

    def _fault(self, prompt):
        chance = random.Random(prompt)
        if chance.random() >= self.share:
            return None
        if chance.random() < _PERMANENT_SHARE:
            return chance.choice(PERMANENT)
        if chance.random() < 1 / 3:
            return chance.choice(ANSWERS)
        self.queues[prompt] += 1
        return chance.choice(RETRYABLE) if self.queues[prompt] <= chance.randint(1, 2) else None

    async def _counts(self, _request):
        found = {"requests": sum(self.asked.values()), "prompts": len(self.asked), "in_flight": self.concurrent}
        again = {prompt: times - 1 for prompt, times in self.answered.items() if times > 1}
        return web.json_response(found | {"answered": len(self.answered), "answered_again": sum(again.values())})

    async def _heal(self, _request):
        self.share = 0
        return web.json_response({})


def main():
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.faulty_vendor", description=__doc__)
    parser.add_argument("--share", type=float, default=0.22, help="share of the prompts with a fault")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    options = parser.parse_args()
    with FaultyVendor(options.share, latency=options.latency) as vendor:
        print(vendor.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
