"""Parse the model, judge and moderator in the file names that OR-Bench's and XSTest's scripts write."""

import re

from orbench_studio.formats.tables import stem_and_kind

_MODERATION = re.compile(
    r"_(?:moderation_merged|moderation_failed|(?:non_)?toxic_moderation)_(.+)_(?:prompt|response)$"
)
_CHECKED = re.compile(r"_(?:response_check_merged|direct_answer|indirect_refusal|direct_refusal)_(.+)$")
_ALIGNED = re.compile(r"^(.+?)(?<!_moderation)(?<!_response_check)_(?:merged|rejected|accepted|failed)_")
_PLAIN = re.compile(r"^(?:responses|completions)_(.+)$")


def moderator_in(file_name: str) -> str | None:
    """`gpt4` of `X_moderation_merged_gpt4_prompt.csv`; the last one if a file was moderated several times."""
    found = _last(_MODERATION, _stem(file_name))
    return found.group(1) if found else None


def judge_in(file_name: str) -> str | None:
    """`gpt4` of `X_response_check_merged_gpt4.csv`."""
    found = _last(_CHECKED, _stem(file_name))
    return found.group(1) if found else None


def model_in(file_name: str) -> str | None:
    """`M` of `M_merged_X.csv`, `M_rejected_X.csv`, `responses_M.csv`, `completions_M.csv`, also after later steps."""
    stem = _stem(file_name)
    for step in (_CHECKED, _MODERATION):
        found = _last(step, stem)
        stem = stem[: found.start()] if found else stem
    named = _PLAIN.match(stem) or _ALIGNED.match(f"{stem}_")
    return named.group(1) if named else None


def is_failed(file_name: str) -> bool:
    """Whether OR-Bench wrote the file for failed requests, often without a header."""
    return "_failed_" in f"{_stem(file_name)}_"


def _stem(file_name: str) -> str:
    return stem_and_kind(file_name)[0]


def _last(pattern: re.Pattern[str], stem: str) -> re.Match[str] | None:
    """The last match: earlier steps of the pipeline leave their names further left."""
    found = None
    at = pattern.search(stem)
    while at:
        found = at
        at = pattern.search(stem, at.start() + 1)
    return found
