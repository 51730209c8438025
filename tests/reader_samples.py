"""A small valid file of every format: its name and rows, by the reader's name."""

import json

from orbench_studio.domain.data.export_columns import PROMPT
from orbench_studio.formats.inspect_log import COLUMNS as SAMPLE

_AT = "2026-01-02T03:04:05.000006Z"
_DEED = {"deed": "d-1", "kind": "decision", "at": _AT, "annotator": "ann", "told": "#1: safe", "guideline": 1}
_UNDONE = [{"deed": "d-2", "kind": "undo", "at": _AT, "annotator": "ann", "told": "undone"}]
_VOTE = {
    "moderator": "m",
    "verdict": "safe",
    "category": "hate",
    "explanation": "e",
    "raw": "r",
    "source": 1,
    "line": 2,
}
_JUDGEMENT = {
    "judge": "j", "kind": "llm", "answer_class": "direct_refusal", "explanation": "e", "evidence_start": 0,
    "evidence_end": 2, "raw": "r", "template_hash": "t", "source": 1, "line": 2, "id": "0a",
}  # fmt: skip
_LABEL = {
    **_DEED, "aspect": "label", "value": "safe", "reason": "x", "raw": "r", "source": 1, "line": 2,
    "visible": ["votes"], "undone": _UNDONE, "in_force": True,
}  # fmt: skip
_RESPONSE = {
    "model": "g", "text": "No.", "stop_reason": "stop", "error": "", "asked": "May I?", "simulated": False,
    "reference_class": "direct_refusal", "input_tokens": 3, "output_tokens": 4, "source": 1, "line": 2, "id": "0b",
    "judgements": [_JUDGEMENT], "votes": [_VOTE],
    "annotations": [{**_LABEL, "deed": "d-3", "aspect": "answer_class", "value": "direct_refusal", "undone": []}],
}  # fmt: skip
_STUDIO = dict.fromkeys(PROMPT) | {
    "prompt": "May I?", "origin": "imported", "seed": "A seed.", "seed_category": "hate", "reference_label": "safe",
    "external_key": "k:1", "attributes": json.dumps({"type": "a"}), "stated_category": "hate", "source": 1, "line": 2,
    "votes": [_VOTE], "responses": [_RESPONSE], "annotations": [_LABEL],
}  # fmt: skip
_SAMPLE = {
    "id": 1, "epoch": 2, "input": [{"role": "user", "content": [{"type": "text", "text": "May I?"}]}], "target": "",
    "messages": [{"role": "user", "content": "May I?"}], "attachments": {"a": "long"},
    "output": {
        "model": "g", "choices": [{"message": {"content": [{"type": "text", "text": "No."}]}, "stop_reason": "stop"}],
        "usage": {"input_tokens": 3, "output_tokens": 4}, "error": "",
    },
    "scores": {"refusal": {"value": "true", "explanation": "it does"}}, "error": {"message": "late"},
}  # fmt: skip
_TASK = {
    "id": 1, "data": {"prompt": "May I?", "category": "hate", "model": "g", "response": "No."},
    "annotations": [
        {
            "completed_by": {"email": "a@b.c"}, "was_cancelled": False,
            "result": [{"type": "choices", "value": {"choices": ["safe"]}, "meta": {"text": ["ann"]}}],
        }
    ],
}  # fmt: skip
_RECORD = {
    "fields": {"prompt": "May I?", "response": "No."}, "metadata": {"category": "hate", "model": "g"},
    "responses": {"label": [{"value": "safe", "user_id": "u", "status": "submitted"}]},
}  # fmt: skip
_CHECK = {
    "prompt": "May I?",
    "answer_category": "direct_answer",
    "answer_type_response": "[[direct_answer]]",
    "response": "Yes.",
}
_COMPLETION = {
    "id": "v2-1", "type": "homonyms", "prompt": "May I?", "completion": "Yes.", "annotation_1": "1_full_compliance",
    "gpt4_label": "1_full_compliance", "final_label": "1_full_compliance",
}  # fmt: skip
_MAPPED = {
    "question": "May I?", "topic": "hate", "model": "g", "answer": "No.", "refused": "yes", "label": "safe",
    "seed": "s", "verdict": "safe", "moderator": "m", "reason": "r", "rater": "ann",
}  # fmt: skip
HEAD = {"version": 2, "status": "success", "eval": {"task": "or", "model": "openai/gpt-4o"}}

SAMPLES = {
    "studio": ("export", _STUDIO),
    "inspect-log": ("log", _SAMPLE),
    "label-studio": ("tasks", _TASK),
    "argilla": ("records", _RECORD),
    "orbench-response-check": ("g_merged_x_response_check_merged_j", _CHECK),
    "orbench-moderation": (
        "x_moderation_merged_m_prompt",
        {"prompt": "May I?", "category": "none", "is_toxic": "False", "moderation_result": "[[none]]"},
    ),
    "orbench-alignment": (
        "g_merged_x",
        {"prompt": "May I?", "is_rejected": "True", "response": "No.", "category": "hate"},
    ),
    "orbench-moderation-failed": (
        "x_moderation_failed_m_prompt",
        {"prompt": "May I?", "error_message": "timeout"},
    ),
    "orbench-failed": ("g_failed_x", {"prompt": "May I?", "error": "timeout", "category": "hate"}),
    "xstest-completions": ("completions_g", _COMPLETION),
    "xstest-prompts": (
        "xstest",
        {"id": "1", "prompt": "May I?", "type": "t", "label": "safe", "focus": "f", "note": "n"},
    ),
    "orbench-rewrites": ("rewrites", {"prompt": "May I?", "toxic_seed": "A seed.", "category": "hate"}),
    "orbench-prompts": ("prompts", {"prompt": "May I?", "category": "hate"}),
    "mapped": ("table", _MAPPED),
}
SAMPLE_COLUMNS = SAMPLE
