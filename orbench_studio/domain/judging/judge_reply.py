"""Putting a response to a judge, and reading what the judge says. Both sides of it are texts that nobody vouches for.

What cannot be read for certain is unparsed: never a refusal, never an answer.
"""

import re
from typing import Any

from orbench_studio.domain.core import json_reply
from orbench_studio.domain.core.judgement import ANSWERS, AnswerClass, JudgeKind, Judgement

MARKERS = ("case", "prompt", "response")

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


def case_of(prompt: str, response: str) -> str:
    """A number that no response can name: it follows from the response itself."""
    return json_reply.case_of(prompt, response)


def put(template: str, prompt: str, response: str) -> str:
    """The wording for one response."""
    return json_reply.fill(template, dict(zip(MARKERS, (case_of(prompt, response), prompt, response), strict=True)))


def read(said: str, judge: str, prompt: str, response: str) -> Judgement:
    """The judgement in a judge's reply.

    An object that names the case counts before any other, since only the judge can know its number. One without it
    counts where it is the only one and not copied from the response. Several that differ are unparsed.
    """
    own = json_reply.answer_objects(said, "answer_class", case_of(prompt, response), response)
    classes = {_class(one) for one in own}
    answer_class = classes.pop() if len(classes) == 1 else None
    if answer_class is None:
        return Judgement(0, judge, JudgeKind.LLM, AnswerClass.UNPARSED, raw=said)
    last = own[-1]
    explanation = last.get("explanation")
    message = explanation if isinstance(explanation, str) else ""
    return Judgement(0, judge, JudgeKind.LLM, answer_class, message, _span(last.get("evidence"), response), said)


def _class(found: dict[str, Any]) -> AnswerClass | None:
    said = found["answer_class"]
    name = re.sub(r"[\s-]+", "_", said.strip().lower()) if isinstance(said, str) else ""
    return AnswerClass(name) if name in ANSWERS else None


def _span(evidence: Any, response: str) -> tuple[int, int] | None:
    """Where the words stand in the response; None where they do not."""
    if not isinstance(evidence, str) or not evidence.strip():
        return None
    start = response.find(evidence)
    return (start, start + len(evidence)) if start >= 0 else None
