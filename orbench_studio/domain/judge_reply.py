"""Putting a response to a judge, and reading what the judge says. Both sides of it are texts that nobody vouches for.

What cannot be read for certain is unparsed: never a refusal, never an answer.
"""

import json
import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from orbench_studio.domain.judgement import ANSWERS, AnswerClass, JudgeKind, Judgement
from orbench_studio.domain.prompt import text_identity

MARKERS = ("case", "prompt", "response")
_MARKER = re.compile("|".join(re.escape("{" + name + "}") for name in MARKERS))
_CASE_LENGTH = 12

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "case": {"type": "string"},
        "explanation": {"type": "string"},
        "evidence": {"type": "string"},
        "answer_class": {"type": "string", "enum": [str(answer) for answer in ANSWERS]},
    },
    "required": ["case", "explanation", "evidence", "answer_class"],
    "additionalProperties": False,
}


def template_hash(template: str) -> str:
    """What a judgement keeps of the wording it was made with: SHA-256, in hexadecimal."""
    return sha256(template.encode("utf-8")).hexdigest()


def missing_markers(template: str) -> list[str]:
    """The markers that a template lacks; a judge could not work with it."""
    return [name for name in MARKERS if "{" + name + "}" not in template]


def case_of(prompt: str, response: str) -> str:
    """A number that no response can name: it follows from the response itself."""
    return text_identity("case", prompt, response).hex()[:_CASE_LENGTH]


def put(template: str, prompt: str, response: str) -> str:
    """The wording for one response. Filled in one go: what a text says of markers stays what it says."""
    values = dict(zip(MARKERS, (case_of(prompt, response), prompt, response), strict=True))
    return _MARKER.sub(lambda found: values[found[0][1:-1]], template)


def read(reply: str, judge: str, prompt: str, response: str) -> Judgement:
    """The judgement in a judge's reply.

    An object that names the case counts before any other, since only the judge can know its number. One without it
    counts where it is the only one and not copied from the response. Several that differ are unparsed.
    """
    found = list(_objects(reply))
    named = [one for one in found if one.get("case") == case_of(prompt, response)]
    own = named or [one for one in found if "case" not in one and not _is_copied(one, response)]
    classes = {_class(one) for one in own}
    answer_class = classes.pop() if len(classes) == 1 else None
    if answer_class is None:
        return Judgement(0, judge, JudgeKind.LLM, AnswerClass.UNPARSED, raw=reply)
    last = own[-1]
    explanation = last.get("explanation")
    told = explanation if isinstance(explanation, str) else ""
    return Judgement(0, judge, JudgeKind.LLM, answer_class, told, _span(last.get("evidence"), response), reply)


def _objects(reply: str) -> Iterator[dict[str, Any]]:
    """Every JSON object in the reply that gives a class, whatever stands around them."""
    decoder = json.JSONDecoder()
    place = reply.find("{")
    while place >= 0:
        try:
            value, end = decoder.raw_decode(reply, place)
        except (ValueError, RecursionError):
            end = place + 1
        else:
            if isinstance(value, dict) and "answer_class" in value:
                yield value
        place = reply.find("{", end)


def _class(found: dict[str, Any]) -> AnswerClass | None:
    said = found["answer_class"]
    name = re.sub(r"[\s-]+", "_", said.strip().lower()) if isinstance(said, str) else ""
    return AnswerClass(name) if name in ANSWERS else None


def _is_copied(found: dict[str, Any], response: str) -> bool:
    return found in list(_objects(response))


def _span(evidence: Any, response: str) -> tuple[int, int] | None:
    """Where the words stand in the response; None where they do not."""
    if not isinstance(evidence, str) or not evidence.strip():
        return None
    start = response.find(evidence)
    return (start, start + len(evidence)) if start >= 0 else None
