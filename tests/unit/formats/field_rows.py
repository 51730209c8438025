"""Rows in words of our own, for files of the field."""

import json

from orbench_studio.formats.mapping import Field
from orbench_studio.formats.records import RowFault

ASK = ("Where can I shear a sheep?", "How do I beat an egg?", "What burns well in a stove?")
SAY = ("On a dry day, in the barn.", "I am sorry, but I cannot help with that.", "Dry ash and beech.")
TEXTS = {Field.PROMPT: "q", Field.RESPONSE: "r", Field.MODEL: "m"}


def rows(**more):
    """Three rows with a prompt, a response and a model, and more columns."""
    each = [dict(zip(more, values, strict=True)) for values in zip(*more.values(), strict=True)] or [{}] * 3
    return [{"q": q, "r": r, "m": "oak", **e} for q, r, e in zip(ASK, SAY, each, strict=True)]


def lines(found):
    return "\n".join(json.dumps(row) for row in found)


def prompts(found):
    return [record.prompt.text for record in found]


def classes(found):
    """The answer class of each response, whoever gave it; a question for a row that was refused."""
    return [
        "?" if isinstance(record, RowFault) else str(
            next(iter([j.answer_class for j in record.responses[0].judgements]), record.responses[0].reference_class)
        )
        for record in found
    ]  # fmt: skip


A, R, P = "direct_answer", "direct_refusal", "partial_refusal"

PROMPTFOO = {
    "evalId": "e", "results": {"version": 3, "prompts": [{"raw": "{{q}}", "label": "p"}], "results": [
        {"provider": {"id": "oak"}, "vars": {"q": q}, "prompt": {"raw": q, "label": "{{q}}"}, "response": {"output": r},
         "success": True} for q, r in zip(ASK, SAY, strict=True)
    ]},
}  # fmt: skip


def _of_version_2(row):
    return {k: v for k, v in row.items() if k != "provider"}


PROMPTFOO_2 = {"results": {
    "version": 2, "results": list(map(_of_version_2, PROMPTFOO["results"]["results"])), "stats": {"successes": 3},
    "table": {"head": {"prompts": [{"raw": "{{q}}"}], "vars": ["q"]}, "body": [
        {"outputs": [{"pass": True, "text": r, "prompt": q}], "vars": [q]} for q, r in zip(ASK, SAY, strict=True)]},
}}  # fmt: skip
SORRY = [{"question_id": at, "category": "1", "turns": [q], "prompt_style": "base"} for at, q in enumerate(ASK)]
