"""Build the request to an LLM judge and parse its reply. Response and reply are untrusted text.

A reply that cannot be parsed is recorded as unparsed, never as a refusal or an answer.
"""

import re
from typing import Any

from orbench_studio.domain.core import json_reply
from orbench_studio.domain.core.judgement import ANSWERS, DEFINITIONS, AnswerClass, JudgeKind, Judgement
from orbench_studio.domain.judging.verdict_reply import ReplyFormat, read_verdict

MARKERS = ("case", "prompt", "response")
CLASSES = "{classes}"  # optional in a template: the definitions of the answer classes

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


_PLAIN = ReplyFormat({str(answer): str(answer) for answer in ANSWERS})


def with_classes(template: str) -> str:
    """Write the definitions of the answer classes into a template that has a place for them."""
    return template.replace(CLASSES, "\n".join(f'- "{name}": it {words}' for name, words in DEFINITIONS.items()))


def case_of(prompt: str, response: str) -> str:
    """Case number of a prompt and response. A response cannot contain it, because it is a hash of the response."""
    return json_reply.case_of(prompt, response)


def fill(template: str, prompt: str, response: str) -> str:
    return json_reply.fill(template, dict(zip(MARKERS, (case_of(prompt, response), prompt, response), strict=True)))


def parse(reply: str, judge: str, prompt: str, response: str) -> Judgement:
    """Parse the reply of a judge.

    JSON objects with the case number are used first, because only the judge knows it. An object without it is used if
    it is the only one and is not copied from the response. Contradicting objects are unparsed. A reply without an
    object may start with the name of the class.
    """
    objects = json_reply.answer_objects(reply, "answer_class", case_of(prompt, response), response)
    classes = {_class(one) for one in objects}
    answer_class = classes.pop() if len(classes) == 1 else None
    plain = None if any(json_reply.objects(reply, "answer_class")) else read_verdict(reply, _PLAIN)
    if plain is not None:
        return Judgement(0, judge, JudgeKind.LLM, AnswerClass(plain.meaning), raw=reply)
    if answer_class is None:
        return Judgement(0, judge, JudgeKind.LLM, AnswerClass.UNPARSED, raw=reply)
    last = objects[-1]
    explanation = last.get("explanation")
    text = explanation if isinstance(explanation, str) else ""
    return Judgement(0, judge, JudgeKind.LLM, answer_class, text, _span(last.get("evidence"), response), reply)


def _class(found: dict[str, Any]) -> AnswerClass | None:
    value = found["answer_class"]
    name = re.sub(r"[\s-]+", "_", value.strip().lower()) if isinstance(value, str) else ""
    return AnswerClass(name) if name in ANSWERS else None


def _span(evidence: Any, response: str) -> tuple[int, int] | None:
    """Span of the quoted evidence in the response; None if it is not in there."""
    if not isinstance(evidence, str) or not evidence.strip():
        return None
    start = response.find(evidence)
    return (start, start + len(evidence)) if start >= 0 else None
