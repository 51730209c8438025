"""A vendor with every fault, in a process of its own: `python -m tests.faulty_vendor [--share 0.22] [--latency 0.2]`.

Says its address, then answers until it is killed. Which fault a prompt meets, and how often, follows from its text
alone. GET /counts says how often what was asked and answered; POST /heal ends all faults.
"""

import argparse
import random
import threading
import zlib
from collections import Counter

from aiohttp import web

from tests.delivery import WAYS
from tests.fake_vendor import Vendor, chat, fault, raw, says

PASSING = (
    fault(429, "slow down", {"Retry-After": "1"}),
    fault(429, "slow down"),
    fault(500, "out of order"),
    fault(529, "overloaded"),
    "drop",
    "half",
    raw('{"choices": [', "application/json"),
    raw("<html>Bad gateway</html>", status=502),
    raw("<html>Log in to the hotel's network</html>"),
)
ANSWERS = (
    says({"choices": []}),
    says(chat(None)),
    says(chat("", "content_filter")),
    fault(400, "The response was filtered.", code="content_filter"),
)
LASTING = (fault(400, "that will not do"), fault(500, "out of order"))
_LASTING_SHARE = 0.03  # of the faults


class FaultyVendor(Vendor):
    """Two thirds of its faults pass after one or two attempts, a third is an answer of a strange shape."""

    def __init__(self, share, **options):
        super().__init__(**options)
        self.share = share
        self.answered = Counter()  # replies that are answers, by prompt

    def routes(self, app):
        super().routes(app)
        app.router.add_get("/counts", self._counts)
        app.router.add_post("/heal", self._heal)

    async def way_of(self, request):
        """In every way, and to the same request always in the same."""
        return WAYS[zlib.crc32(await request.read()) % len(WAYS)]

    def _told(self, prompt):
        message = self._fault(prompt)
        if message is None or message in ANSWERS:
            self.answered[prompt] += 1
        return message

    def _fault(self, prompt):
        chance = random.Random(prompt)
        if chance.random() >= self.share:
            return None
        if chance.random() < _LASTING_SHARE:
            return chance.choice(LASTING)
        if chance.random() < 1 / 3:
            return chance.choice(ANSWERS)
        self.queues[prompt] += 1
        return chance.choice(PASSING) if self.queues[prompt] <= chance.randint(1, 2) else None

    async def _counts(self, _request):
        found = {"requests": sum(self.asked.values()), "prompts": len(self.asked), "under_way": self.at_once}
        again = {prompt: times - 1 for prompt, times in self.answered.items() if times > 1}
        return web.json_response(found | {"answered": len(self.answered), "answered_again": sum(again.values())})

    async def _heal(self, _request):
        self.share = 0
        return web.json_response({})


def main():
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.faulty_vendor", description=__doc__)
    parser.add_argument("--share", type=float, default=0.22, help="of the prompts that meet a fault")
    parser.add_argument("--latency", type=float, default=0.2, help="seconds")
    asked = parser.parse_args()
    with FaultyVendor(asked.share, latency=asked.latency) as vendor:
        print(vendor.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
