"""The studio's own rich form: a row a prompt, with every vote, response, judgement and decision nested in it.

The same columns as CSV (what is nested is JSON in a cell), JSONL and Parquet. What follows from the rest (the label
that counts, answer classes in force) is written for readers and not read back.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.core.prompt import Origin
from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.review.decision import OF_RESPONSES, evidence_span
from orbench_studio.formats.guards import nested
from orbench_studio.formats.reader_interface import Bound, Reader, Sheet, category, prompt_text
from orbench_studio.formats.records import (
    AnnotationDraft,
    Came,
    EntryDraft,
    JudgementDraft,
    PromptDraft,
    Record,
    ResponseDraft,
    VoteDraft,
)
from orbench_studio.formats.tables import Cells

PLAIN = (
    "prompt",
    "category",
    "label",
    "label_basis",
    "status",
    "consensus",
    "stated_category",
    "origin",
    "seed",
    "seed_category",
    "reference_label",
    "external_key",
    "attributes",
    "source",
    "line",
    "part",
)
NESTED = ("votes", "responses", "annotations")
COLUMNS = PLAIN + NESTED
MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"

_IMPORT = "import"
_DEEDS = ("decision", "adjudication", _IMPORT)
_BACK = ("undo", "redo")
_VALUES: dict[Aspect, Callable[[str], object]] = {
    Aspect.LABEL: Label,
    Aspect.RECHECK: Label,
    Aspect.TRAINING: Label,
    Aspect.CATEGORY: Category,
    Aspect.ANSWER_CLASS: AnswerClass,
    Aspect.EVIDENCE: evidence_span,
}

Nested = dict[str, Any]
Draft = TypeVar("Draft")


def _bind(sheet: Sheet) -> Bound:
    at = {name: sheet.column(name) for name in COLUMNS}

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
        _came(found),
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
        str(found.get("simulated")).lower() == "true",
        _number(found, "input_tokens"),
        _number(found, "output_tokens"),
        bytes.fromhex(found["id"]),
        _came(found),
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
        _came(found),
    )


def _of_prompt(found: Nested) -> AnnotationDraft:
    return annotation(found, entry(found), on_response=False)


def _of_response(found: Nested) -> AnnotationDraft:
    return annotation(found, entry(found), on_response=True)


def annotation(found: Nested, deed: EntryDraft, *, on_response: bool) -> AnnotationDraft:
    """A decision of a deed; a ValueError where nobody can decide that."""
    aspect, value = Aspect(found["aspect"]), found.get("value") or ""
    if on_response != (aspect in OF_RESPONSES):
        raise ValueError(f"{aspect} is not decided of a {'response' if on_response else 'prompt'}")
    _VALUES.get(aspect, str)(value)
    return AnnotationDraft(
        found["annotator"],
        aspect,
        value,
        found.get("raw"),
        found.get("reason"),
        " ".join(found.get("visible") or ()),
        deed,
        tuple(undone(back, deed.uuid) for back in found.get("undone") or ()),
        _came(found),
    )


def entry(found: Nested) -> EntryDraft:
    """A deed that decides something; a ValueError where it is none."""
    kind = found["kind"]
    if kind not in _DEEDS:
        raise ValueError(f"{kind!r} is no deed that decides something")
    annotator = None if kind == _IMPORT else found["annotator"]
    at, message = moment(found["at"]), found.get("told") or ""
    return EntryDraft(found["deed"], kind, at, annotator, message, guideline=_number(found, "guideline"))


def undone(found: Nested, target: str) -> EntryDraft:
    """An undo or redo of the deed; a ValueError where it is neither."""
    kind = found["kind"]
    if kind not in _BACK:
        raise ValueError(f"{kind!r} is neither undo nor redo")
    return EntryDraft(found["deed"], kind, moment(found["at"]), found["annotator"], found.get("told") or "", target)


def moment(text: str) -> datetime:
    """A moment as the studio's files write it, in UTC; a ValueError where it is none."""
    return datetime.strptime(text, MOMENT).replace(tzinfo=UTC)


def _number(found: Nested, name: str) -> int | None:
    value = found.get(name)
    return None if value is None else int(value)


def _came(found: Nested) -> Came | None:
    source = _number(found, "source")
    return None if source is None else (source, _number(found, "line") or 0)


STUDIO = Reader("studio", "Export of the studio", COLUMNS, _bind)
