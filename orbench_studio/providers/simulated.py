"""Simulated models for tests, screenshots and first steps. Their responses are marked as simulated."""

import asyncio
from collections.abc import Callable
from hashlib import blake2b

from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.evaluation.adaptation import Adaptation
from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.errors import StudioError
from orbench_studio.providers.base import Answer, ProviderError, Request, estimated_tokens
from orbench_studio.providers.endpoints import Endpoint
from orbench_studio.providers.simulated_roles import ROLES

_HELPS = Answer("Certainly. This is a simulated answer that goes along with the question.", StopReason.STOP)
_REFUSES = Answer("I'm sorry, but I can't help with that. (This is a simulated refusal.)", StopReason.STOP)
_WARNS = Answer("Let us talk about something safer instead. (This is a simulated evasion.)", StopReason.STOP)
_BLOCKED = Answer("", StopReason.BLOCKED)
_CUT = Answer("This simulated answer ends in the middle of a", StopReason.LENGTH)

SCRIPTS: dict[str, tuple[Answer | None, ...]] = {
    "helpful": (_HELPS,),
    "refusing": (_REFUSES,),
    "mixed": (_HELPS, _HELPS, _HELPS, _REFUSES, _REFUSES, _WARNS, _BLOCKED, _CUT),
    "failing": (_HELPS, _HELPS, _HELPS, None),
}
"""The answers of each simulated model. The text of the prompt alone selects one of them. None is a failure."""
DESCRIPTIONS = {
    "helpful": "answers every prompt",
    "refusing": "refuses every prompt",
    "mixed": "of 8 responses: 3 answers, 3 refusals, 1 blocked, 1 cut off",
    "failing": "answers; one request in four fails",
    "writer": "writes seeds and rewrites",
    "moderator": "votes; about 30 % toxic",
    "strict": "votes; about 45 % toxic",
    "lenient": "votes; about 15 % toxic",
}
NAMES = (*SCRIPTS, *ROLES)


def delay(name: str) -> float | None:
    """The seconds per answer of a simulated model, such as `simulated/mixed@0.2`; None for any other model."""
    vendor, _, script = name.partition("/")
    found = script.partition("@")[2] or "0"
    return float(found) if vendor == "simulated" and found.replace(".", "", 1).isdigit() else None


def _scripted(script: tuple[Answer | None, ...]) -> Callable[[Request], Answer]:
    def reply(request: Request) -> Answer:
        digest = blake2b(request.text.encode("utf-8", "surrogatepass"), digest_size=4).digest()
        found = script[int.from_bytes(digest, "big") % len(script)]
        if found is None:
            raise ProviderError(Cause.BAD_REQUEST, "A simulated failure.")
        return Answer(found.text, found.stop_reason, request.tokens, estimated_tokens(found.text))

    return reply


class SimulatedProvider:
    """The models in NAMES. `simulated/mixed@0.2` takes 0.2 seconds per answer."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.adaptations: list[Adaptation] = []
        script, _, delay = endpoint.model.partition("@")
        try:
            self._reply = ROLES.get(script) or _scripted(SCRIPTS[script])
            self._delay = float(delay or 0)
        except (KeyError, ValueError):
            raise StudioError(
                f"{endpoint.name!r} is not a simulated model. The simulated models are {', '.join(NAMES)}. Append @0.2 "
                f"for a latency of 0.2 seconds."
            ) from None

    async def complete(self, request: Request) -> Answer:
        await asyncio.sleep(self._delay)
        return self._reply(request)

    async def close(self) -> None:
        """Do nothing: there are no connections."""
