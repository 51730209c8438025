"""A scripted provider for tests, screenshots and trying things out. It is no model: what it says is marked as such."""

import asyncio
from collections.abc import Callable
from hashlib import blake2b

from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.evaluation.batch import Cause
from orbench_studio.errors import StudioError
from orbench_studio.providers.base import Answer, AskError, Request, guessed_tokens
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
"""What each simulated model says; which of its answers a prompt gets depends on its text alone. None is a failure."""
NAMES = (*SCRIPTS, *ROLES)


def _recites(script: tuple[Answer | None, ...]) -> Callable[[Request], Answer]:
    def say(request: Request) -> Answer:
        digest = blake2b(request.text.encode("utf-8", "surrogatepass"), digest_size=4).digest()
        found = script[int.from_bytes(digest, "big") % len(script)]
        if found is None:
            raise AskError(Cause.BAD_REQUEST, "A simulated failure.")
        return Answer(found.text, found.stop_reason, request.tokens, guessed_tokens(found.text))

    return say


class SimulatedProvider:
    """`simulated/helpful`, `writer` and the others in NAMES; `simulated/mixed@0.2` takes 0.2 seconds an answer."""

    def __init__(self, endpoint: Endpoint) -> None:
        script, _, delay = endpoint.model.partition("@")
        try:
            self._say = ROLES.get(script) or _recites(SCRIPTS[script])
            self._delay = float(delay or 0)
        except (KeyError, ValueError):
            raise StudioError(
                f"{endpoint.name!r} is no simulated model. There are {', '.join(NAMES)}; @0.2 after one of them "
                f"makes every answer take 0.2 seconds."
            ) from None

    async def ask(self, request: Request) -> Answer:
        """The script's answer to this text."""
        await asyncio.sleep(self._delay)
        return self._say(request)

    async def close(self) -> None:
        """Nothing to let go of."""
