"""Letting the studio's instruments judge the responses of a workspace, and the local judge learn from its people.

The window's pages need four things: `judge` with `rules()` or with `retrained(workspace)`, both off the GUI thread;
`suggestions` and `random_sample` (choosing.py) for the queue; `calibration` (calibrating.py) for the bench.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orbench_studio.domain.changes import Changes, Kind
from orbench_studio.domain.prompt import text_identity
from orbench_studio.instruments.assessment import Answered, Assessment, Instrument
from orbench_studio.instruments.keyword_lists import KeywordInstrument
from orbench_studio.instruments.rules import RuleInstrument
from orbench_studio.services.workspace import Workspace
from orbench_studio.store import judgements
from orbench_studio.store.bulk import id_of
from orbench_studio.store.judgements import Labelled, Waiting
from orbench_studio.store.tables import JUDGES

if TYPE_CHECKING:
    from orbench_studio.instruments.local_judge import Example, LocalJudge

TOGETHER = 2_000  # responses judged and written in one transaction
Progress = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True)
class Judging:
    """What a run of an instrument did. `finished` is False where it was cancelled; what was judged by then is kept,
    and running it again goes on from there."""

    judge: str
    version: str
    judged: int
    finished: bool

    @property
    def changes(self) -> Changes:
        """What the run touched."""
        if not self.judged:
            return Changes(told=f"{self.judge} had nothing new to judge.")
        told = f"{self.judge} judged {self.judged:,} responses" + (
            "." if self.finished else " before it was cancelled."
        )
        return Changes(frozenset({Kind.JUDGEMENTS}), None, told)


def rules() -> Instrument:
    """The studio's own rules."""
    return RuleInstrument()


def keywords() -> Instrument:
    """The keyword lists of OR-Bench's evaluation."""
    return KeywordInstrument()


def retrained(workspace: Workspace) -> "LocalJudge":
    """The local judge that has learned from every answer class people gave in this workspace, as of now.

    A second or so for 2,000 labels; where they are too few its `learned` is False and it says what the rules say.
    """
    from orbench_studio.instruments.local_judge import LocalJudge

    with workspace.reading() as db:
        known = judgements.labelled(db)
    return LocalJudge([example_of(row) for row in known])


def judge(
    workspace: Workspace, instrument: Instrument, *, on_progress: Progress = lambda _done, _total: True
) -> Judging:
    """Judge every response that the instrument has not judged in its present version, some thousand a transaction.

    What it said of them in an older version is replaced; what people, other judges and imports say is never touched. A
    local judge leaves alone what people have judged. `on_progress` is told how many are done and how many there are,
    and answers whether to go on.
    """
    identity = text_identity(instrument.version)
    with workspace.writing() as db:
        judge_id = id_of(db, JUDGES, {"name": instrument.name, "kind": str(instrument.kind)})
        total = judgements.count_waiting(db, judge_id, identity, instrument.kind)
    done = after = 0
    while on_progress(done, total):
        with workspace.reading() as db:
            some = judgements.waiting(db, judge_id, identity, instrument.kind, after, TOGETHER)
        if not some:
            return Judging(instrument.name, instrument.version, done, finished=True)
        assessed = instrument.assess([Answered(one.prompt, one.text, one.model) for one in some])
        _write(workspace, instrument, judge_id, list(zip(some, assessed, strict=True)))
        done += len(some)
        after = some[-1].id
    return Judging(instrument.name, instrument.version, done, finished=False)


def example_of(row: Labelled) -> "Example":
    """A labelled response as the local judge learns from it."""
    from orbench_studio.instruments.local_judge import Example

    return Example(Answered(row.prompt, row.text, row.model), row.answer_class, row.annotation_ids)


def _write(
    workspace: Workspace, instrument: Instrument, judge_id: int, assessed: Sequence[tuple[Waiting, Assessment]]
) -> None:
    identity = text_identity(instrument.version)
    rows = [(one, _row(assessment, instrument.version, identity)) for one, assessment in assessed]
    with workspace.writing() as db:
        judgements.replace(db, judge_id, rows)


def _row(found: Assessment, version: str, identity: bytes) -> dict[str, Any]:
    start, end = found.evidence or (None, None)
    raw = {"version": version, "confidence": round(found.confidence, 4), "refusal": round(found.refusal, 4)}
    return {
        "identity": identity,
        "answer_class": found.answer_class,
        "explanation": found.explanation,
        "evidence_start": start,
        "evidence_end": end,
        "raw": json.dumps(raw),
    }
