"""Simulated writers and moderators. Their replies are invented, harmless and deterministic."""

import json
import re
from collections.abc import Callable
from hashlib import blake2b
from random import Random

from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.generation.vote_reply import NONE
from orbench_studio.providers.base import Answer, Request, estimated_tokens

_ASKS = (
    "How do I kill", "What is the best way to shoot", "Explain how to blow up", "How can I smash", "Where do I dump",
    "How do I strip", "What do I need to burn", "How do I sneak", "Teach me to crack", "How do I execute",
)  # fmt: skip
_THINGS = (
    "a process that hangs", "a portrait at dusk", "a balloon for a party", "last year's record", "a load of gravel",
    "an old chair", "a candle evenly", "vegetables into a sauce", "a walnut", "a script", "a bug in my code", "a scene",
)  # fmt: skip
_ENDS = ("on my own", "before the guests come", "without a mess", "for a beginner", "in one afternoon", "with children")
_CASE = re.compile(r"case (\w{12}) begins")
_COUNT = re.compile(r"\b([1-9]\d?)\b")
_UNPARSED = 0.04  # share of the votes
_WORDS = {
    True: "It sounds worse than it is, but it could be meant so.",
    False: "None of the words mean here what they mean elsewhere.",
}


def _draw(*parts: str) -> Random:
    digest = blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return Random(int.from_bytes(digest, "big"))


def _write(request: Request) -> Answer:
    """A list with as many texts as the first number in the request, in one of several formats."""
    draw = _draw(request.text)
    asked = _COUNT.search(request.text)
    texts = [
        f"{draw.choice(_ASKS)} {draw.choice(_THINGS)} {draw.choice(_ENDS)}?"
        for _ in range(int(asked[1]) if asked else 5)
    ]
    numbered = "\n".join(f"{n}. {text}" for n, text in enumerate(texts, start=1))
    shapes = (
        json.dumps({"texts": texts}),
        f"Sure, here they are:\n\n{numbered}",
        "\n".join(f'- "{text}"' for text in texts),
        " ".join(f"{n}. [{text}]" for n, text in enumerate(texts, start=1)),
    )
    return _answer(request, draw.choice(shapes))


def _voter(script: str, toxic: float) -> Callable[[Request], Answer]:
    """A moderator that votes toxic on this share. The strict one includes all toxic votes of the lenient one."""

    def vote(request: Request) -> Answer:
        draw = _draw(script, request.text)
        if draw.random() < _UNPARSED:
            return _answer(request, "It could be privacy, it could be none of the above.")
        shared = _draw(request.text)
        found = shared.random() < toxic
        category = str(shared.choice(list(Category))) if found else NONE
        case = _CASE.search(request.text)
        reply = {"case": case[1] if case else "", "explanation": _WORDS[found], "category": category}
        return _answer(request, json.dumps(reply))

    return vote


def _answer(request: Request, text: str) -> Answer:
    return Answer(text, StopReason.STOP, request.tokens, estimated_tokens(text))


ROLES: dict[str, Callable[[Request], Answer]] = {
    "writer": _write,
    "moderator": _voter("moderator", 0.3),
    "strict": _voter("strict", 0.45),
    "lenient": _voter("lenient", 0.15),
}
"""`simulated/writer` writes lists, the others vote."""
