"""Letting the studio's instruments judge the responses of a workspace, and the local judge learn from its people.

A script judges with `judge`. The window takes `judging` a piece at a time, so that decisions get in between, and
parts `examples` (reads the workspace) from `trained` (computes, and needs no workspace).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.prompt import text_identity
from orbench_studio.instruments.assessment import Answered, Assessment, Instrument
from orbench_studio.instruments.keyword_lists import KeywordInstrument
from orbench_studio.instruments.rules import RuleInstrument
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core.bulk_sql import id_of
from orbench_studio.store.core.tables import JUDGES
from orbench_studio.store.judging import custom_rules, judgements
from orbench_studio.store.judging.judgements import Labelled, ResponseToJudge

if TYPE_CHECKING:
    from orbench_studio.instruments.local_judge import Example, LocalJudge

__all__ = [
    "Instrument",
    "JudgingResult",
    "LocalJudge",
    "example_of",
    "examples",
    "judge",
    "judging",
    "keywords",
    "overrides",
    "retrained",
    "rules",
    "trained",
]

TOGETHER = 2_000  # responses judged and written in one transaction
Progress = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True)
class JudgingResult:
    """What a run of an instrument did. `finished` is False where it was cancelled; what was judged by then is kept,
    and running it again goes on from there. `total` waited at the beginning; `otherwise` names the prompt of every
    response that has another answer class in force than before."""

    judge: str
    version: str
    judged: int
    finished: bool
    total: int
    otherwise: tuple[int, ...] = ()

    @property
    def changes(self) -> Changes:
        """What the run touched."""
        if not self.judged:
            return Changes(message=f"{self.judge} had nothing new to judge.")
        message = f"{self.judge} judged {self.judged:,} responses" + (
            "." if self.finished else " before it was cancelled."
        )
        return Changes(frozenset({Kind.JUDGEMENTS}), None, message)


def rules(workspace: Workspace) -> Instrument:
    """The studio's own rules, and with them those that people made in this workspace."""
    with workspace.reading() as db:
        return RuleInstrument(custom_rules.in_force(db))


def keywords() -> Instrument:
    """The keyword lists of OR-Bench's evaluation."""
    return KeywordInstrument()


def retrained(workspace: Workspace) -> "LocalJudge":
    """The local judge that has learned from every answer class people gave in this workspace, as of now.

    A second or so for 2,000 labels; where they are too few its `learned` is False and it says what the rules say.
    """
    return trained(examples(workspace))


def examples(workspace: Workspace) -> "list[Example]":
    """Every answer class that people gave in this workspace, as the local judge learns from it."""
    with workspace.reading() as db:
        return [example_of(row) for row in judgements.labelled(db)]


def trained(known: "Sequence[Example]") -> "LocalJudge":
    """The local judge that has learned from these examples."""
    from orbench_studio.instruments.local_judge import LocalJudge

    return LocalJudge(known)


def overrides(workspace: Workspace) -> frozenset[int]:
    """The decisions on answer classes in force that people made in the studio; what came with files is not among them.

    Two of these sets differ by what has been decided and undone in between.
    """
    with workspace.reading() as db:
        return judgements.overrides(db)


def judge(
    workspace: Workspace, instrument: Instrument, *, on_progress: Progress = lambda _done, _total: True
) -> JudgingResult:
    """Judge every response that the instrument has not judged in its present version, some thousand a transaction.

    What it said of them in an older version is replaced; what people, other judges and imports say is never touched. A
    local judge leaves alone what people have judged. `on_progress` is told how many are done and how many there are,
    and answers whether to go on.
    """
    for done in judging(workspace, instrument, TOGETHER):
        if not on_progress(done.judged, done.total) or done.finished:
            break
    return done


def judging(workspace: Workspace, instrument: Instrument, together: int) -> Iterator[JudgingResult]:
    """The same in pieces of some responses: how far it is, before each piece and once it is finished.

    Whoever takes no further piece has cancelled it. Nothing is held open between two pieces.
    """
    identity = text_identity(instrument.version)
    with workspace.writing() as db:
        judge_id = id_of(db, JUDGES, {"name": instrument.name, "kind": str(instrument.kind)})
        total = judgements.count_waiting(db, judge_id, identity, instrument.kind)
    done = JudgingResult(instrument.name, instrument.version, 0, finished=False, total=total)
    after = 0
    while True:
        yield done
        with workspace.reading() as db:
            some = judgements.waiting(db, judge_id, identity, instrument.kind, after, together)
        if not some:
            break
        assessed = instrument.assess([Answered(one.prompt, one.text, one.model) for one in some])
        otherwise = _write(workspace, instrument, judge_id, list(zip(some, assessed, strict=True)))
        done = replace(done, judged=done.judged + len(some), otherwise=done.otherwise + otherwise)
        after = some[-1].id
    yield replace(done, finished=True)


def example_of(row: Labelled) -> "Example":
    """A labelled response as the local judge learns from it."""
    from orbench_studio.instruments.local_judge import Example

    return Example(Answered(row.prompt, row.text, row.model), row.answer_class, row.annotation_ids)


def _write(
    workspace: Workspace, instrument: Instrument, judge_id: int, assessed: Sequence[tuple[ResponseToJudge, Assessment]]
) -> tuple[int, ...]:
    identity = text_identity(instrument.version)
    rows = [(one, _row(assessment, instrument.version, identity)) for one, assessment in assessed]
    with workspace.writing() as db:
        return judgements.replace(db, judge_id, rows)


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
