"""The probabilities of generated tokens in replies of OpenAI's APIs and compatible servers."""

import math
from collections.abc import Iterator
from typing import Any

from orbench_studio.domain.judging.verdict_reply import TokenChoice

TOP_TOKENS = 20  # the most that OpenAI's APIs and vLLM accept
TOP_TOKENS_OF_TEXT = 5  # the most that the Completions API accepts


def token_choices(logprobs: Any) -> tuple[TokenChoice, ...]:
    """The tokens with the probabilities of their alternatives; empty if the reply has none, or no readable ones.

    `logprobs` is a list of tokens, an object with the list `content`, or one with `tokens` and `top_logprobs`.
    """
    try:
        return tuple(_choices(logprobs))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return ()


def _choices(logprobs: Any) -> Iterator[TokenChoice]:
    if not logprobs:
        return
    content = logprobs if isinstance(logprobs, list) else logprobs.get("content")
    if content is None:
        for text, own, top in zip(
            logprobs["tokens"], logprobs["token_logprobs"], logprobs["top_logprobs"], strict=True
        ):
            yield _choice(str(text), own, (top or {}).items())
    else:
        for one in content:
            top = [(str(other["token"]), other["logprob"]) for other in one.get("top_logprobs") or ()]
            yield _choice(str(one["token"]), one["logprob"], top)


def _choice(text: str, own: Any, top: Any) -> TokenChoice:
    found = {str(other): math.exp(min(logprob, 0.0)) for other, logprob in top}
    return TokenChoice(text, {text: math.exp(min(own, 0.0))} | found)
