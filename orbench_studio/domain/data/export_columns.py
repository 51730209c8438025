"""The columns of the studio's export formats, with their types; writers, readers and the documentation use these.

A column that contains a list of records has the columns of such a record as its type. In CSV that is JSON in a cell.
Keys such as `deed` and `told` (a journal entry's id and message) are part of the file format and never change.
"""

from collections.abc import Mapping
from typing import Any

STRINGS = "strings"  # the type of a list of texts
Columns = Mapping[str, Any]  # str, int, float, bool, STRINGS or, for a list of records, Columns

_SOURCE: Columns = {"source": int, "line": int}
_ENTRY: Columns = {"deed": str, "kind": str, "at": str, "counter": int, "annotator": str, "told": str}

VOTE: Columns = {
    "moderator": str,
    "verdict": str,
    "category": str,
    "explanation": str,
    "raw": str,
    "template_hash": str,
    "simulated": bool,
    **_SOURCE,
}
JUDGEMENT: Columns = {
    "judge": str,
    "kind": str,
    "answer_class": str,
    "refusal": float,
    "explanation": str,
    "evidence_start": int,
    "evidence_end": int,
    "raw": str,
    "template_hash": str,
    **_SOURCE,
    "id": str,
}
ANNOTATION: Columns = {
    **_ENTRY,
    "guideline": int,
    "aspect": str,
    "value": str,
    "reason": str,
    "raw": str,
    **_SOURCE,
    "in_force": bool,
    "visible": STRINGS,
    "undone": _ENTRY,
}
RESPONSE: Columns = {
    "model": str,
    "text": str,
    "stop_reason": str,
    "answer_class": str,
    "basis": str,
    "simulated": bool,
    "error": str,
    "asked": str,
    "reference_class": str,
    "input_tokens": int,
    "output_tokens": int,
    "reasoning": str,
    "reasoning_tokens": int,
    "stop_details": str,
    **_SOURCE,
    "id": str,
    "judgements": JUDGEMENT,
    "votes": VOTE,
    "annotations": ANNOTATION,
}
PUBLISHED: Columns = {"prompt": str, "category": str, "label": str, "label_basis": str}
PLAIN: Columns = {
    **PUBLISHED,
    "status": str,
    "consensus": str,
    "stated_category": str,
    "origin": str,
    "seed": str,
    "seed_category": str,
    "reference_label": str,
    "external_key": str,
    "attributes": str,
    **_SOURCE,
    "part": int,
}
NESTED: Columns = {"votes": VOTE, "responses": RESPONSE, "annotations": ANNOTATION}
PROMPT: Columns = {**PLAIN, **NESTED}
ORBENCH: Columns = {"prompt": str, "category": str}  # as OR-Bench publishes them
