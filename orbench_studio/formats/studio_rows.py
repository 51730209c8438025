"""Read the studio's own export: one row per prompt, with its votes, responses, judgements and decisions nested.

The columns are those of `domain.data.export_columns`, the same in CSV, JSONL and Parquet. Derived columns (final label,
current answer classes) are exported for other programs and not read back.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.category import stored_category
from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind, severity
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.core.prompt import Origin
from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.data.export_columns import NESTED, PROMPT
from orbench_studio.domain.review.decision import OF_RESPONSES, evidence_span
from orbench_studio.formats.reader_interface import Bound, Reader, Sheet, category, prompt_text
from orbench_studio.formats.records import (
    AnnotationDraft,
    EntryDraft,
    JudgementDraft,
    OriginalSource,
    PromptDraft,
    Record,
    ResponseDraft,
    VoteDraft,
)
from orbench_studio.formats.row_guard import nested
from orbench_studio.formats.tables import Cells

MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
_MOST = 1_000_000_000  # entries of a person; databases count to twice as many

_IMPORT = "import"
_DECIDING = ("decision", "adjudication", _IMPORT)
_REVERSING = ("undo", "redo")
_VALUES: dict[Aspect, Callable[[str], object]] = {
    Aspect.LABEL: Label,
    Aspect.RECHECK: Label,
    Aspect.TRAINING: Label,
    Aspect.CATEGORY: stored_category,
    Aspect.ANSWER_CLASS: AnswerClass,
    Aspect.EVIDENCE: evidence_span,
    Aspect.SEVERITY: severity,
}

Nested = dict[str, Any]
Draft = TypeVar("Draft")


def _bind(sheet: Sheet) -> Bound:
    at = {name: sheet.column(name) for name in PROMPT}

    def take(line: int, cells: Cells) -> Record:
        return _record(line, {name: cells[place] for name, place in at.items()})

    return Bound(take, (at["prompt"], at["part"]))


def _record(line: int, cells: dict[str, str]) -> Record:
    draft = PromptDraft(
        prompt_text(cells["prompt"]),
        category(cells["stated_category"]),
        Origin(cells["origin"]),
        cells["seed"] or None,
        Label(cells["reference_label"]) if cells["reference_label"] else None,
        cells["external_key"] or None,
        nested(cells["attributes"]) or {},
        category(cells["seed_category"]),
        (int(cells["source"]), int(cells["line"] or 0)) if cells["source"] else None,
    )
    votes, responses, annotations = (nested(cells[name]) for name in NESTED)
    return Record(line, draft, _all(_vote, votes), _all(_response, responses), _all(_of_prompt, annotations))


def _all(of: Callable[[Nested], Draft], found: Sequence[Nested] | None) -> tuple[Draft, ...]:
    return tuple(map(of, found or ()))


def _vote(found: Nested) -> VoteDraft:
    return VoteDraft(
        found["moderator"],
        Verdict(found["verdict"]),
        category(found.get("category") or ""),
        found.get("explanation") or "",
        found.get("raw") or "",
        _original(found),
        found.get("template_hash"),
        _simulated(found),
    )


def _response(found: Nested) -> ResponseDraft:
    reference = found.get("reference_class")
    return ResponseDraft(
        found["model"],
        found.get("text") or "",
        StopReason(found["stop_reason"]),
        found.get("error"),
        AnswerClass(reference) if reference else None,
        _all(_judgement, found.get("judgements")),
        _all(_of_response, found.get("annotations")),
        _all(_vote, found.get("votes")),
        found.get("asked"),
        _simulated(found),
        _number(found, "input_tokens"),
        _number(found, "output_tokens"),
        found.get("reasoning"),
        _number(found, "reasoning_tokens"),
        found.get("stop_details"),
        bytes.fromhex(found["id"]),
        _original(found),
    )


def _judgement(found: Nested) -> JudgementDraft:
    start, end = _number(found, "evidence_start"), _number(found, "evidence_end")
    return JudgementDraft(
        found["judge"],
        JudgeKind(found["kind"]),
        AnswerClass(found["answer_class"]),
        found.get("explanation") or "",
        (start, end) if start is not None and end is not None else None,
        found.get("raw"),
        found.get("template_hash"),
        bytes.fromhex(found["id"]),
        _original(found),
        _probability(found.get("refusal")),
    )


def _of_prompt(found: Nested) -> AnnotationDraft:
    return annotation(found, entry(found), on_response=False)


def _of_response(found: Nested) -> AnnotationDraft:
    return annotation(found, entry(found), on_response=True)


def annotation(found: Nested, made_by: EntryDraft, *, on_response: bool) -> AnnotationDraft:
    """Read a decision of a journal entry; raises ValueError for one that cannot be made."""
    aspect, value = Aspect(found["aspect"]), found.get("value") or ""
    if on_response != (aspect in OF_RESPONSES):
        raise ValueError(f"{aspect} cannot be decided for a {'response' if on_response else 'prompt'}")
    _VALUES.get(aspect, str)(value)
    return AnnotationDraft(
        found["annotator"],
        aspect,
        value,
        found.get("raw"),
        found.get("reason"),
        " ".join(found.get("visible") or ()),
        made_by,
        tuple(undone(back, made_by.uuid) for back in found.get("undone") or ()),
        _original(found),
    )


def entry(found: Nested) -> EntryDraft:
    """Read the journal entry of a decision; raises ValueError for an entry of another kind."""
    kind = found["kind"]
    if kind not in _DECIDING:
        raise ValueError(f"{kind!r} is not a kind of decision")
    annotator = None if kind == _IMPORT else found["annotator"]
    at, message = moment(found["at"]), found.get("told") or ""
    guideline = _number(found, "guideline")
    return EntryDraft(found["deed"], kind, at, _counter(found), annotator, message, guideline=guideline)


def undone(found: Nested, target: str) -> EntryDraft:
    """Read an undo or redo of the entry `target`; raises ValueError for an entry of another kind."""
    kind = found["kind"]
    if kind not in _REVERSING:
        raise ValueError(f"{kind!r} is neither undo nor redo")
    at, message = moment(found["at"]), found.get("told") or ""
    return EntryDraft(found["deed"], kind, at, _counter(found), found["annotator"], message, target)


def moment(text: str) -> datetime:
    """Read a time as the studio's files write it, in UTC; raises ValueError for any other text."""
    return datetime.strptime(text, MOMENT).replace(tzinfo=UTC)


def _counter(found: Nested) -> int:
    """Read the counter of an entry: 0 in files of versions without it. A higher one than anybody reaches is invalid."""
    counter = _number(found, "counter") or 0
    if not 0 <= counter <= _MOST:
        raise ValueError(f"the counter of an entry is {counter:,}; it can be from 0 to {_MOST:,}")
    return counter


def _number(found: Nested, name: str) -> int | None:
    value = found.get(name)
    return None if value is None else int(value)


def _simulated(found: Nested) -> bool:
    return str(found.get("simulated")).lower() == "true"


def _probability(value: Any) -> float | None:
    if value is not None and not 0 <= float(value) <= 1:
        raise ValueError(f"the probability of a refusal is {value}; it can be from 0 to 1")
    return None if value is None else float(value)


def _original(found: Nested) -> OriginalSource | None:
    source = _number(found, "source")
    return None if source is None else (source, _number(found, "line") or 0)


STUDIO = Reader("studio", "OR-Bench Studio export", tuple(PROMPT), _bind, fixed=True)
