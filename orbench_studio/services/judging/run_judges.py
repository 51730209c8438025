"""Run built-in judges on the responses of a workspace.

Scripts call `judge`. The window takes one chunk of `judging` at a time, so that decisions are saved in between, and
reads `training_examples` before it trains a local judge in another thread.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind
from orbench_studio.domain.core.prompt import text_identity
from orbench_studio.domain.review.queue import Term
from orbench_studio.instruments.assessment import Answered, Assessment, Instrument
from orbench_studio.services.judging.builtin_judges import BUILTIN_JUDGES
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core.bulk_insert import id_of, ids_by
from orbench_studio.store.core.tables import JUDGES
from orbench_studio.store.judging import judgements, trainings
from orbench_studio.store.judging.judgements import Pending, ResponseToJudge

if TYPE_CHECKING:
    from sqlalchemy import Connection


CHUNK = 2_000  # responses judged and written in one transaction
Progress = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True)
class JudgingResult:
    """Result of a run, or its progress so far.

    `finished` is False for a cancelled run: its judgements are stored, and the next run continues. `total` is the
    number of responses to judge at the start. `changed` has the prompts of the responses whose final class changed.
    `abstained` counts the judged responses that are left to a person, `not_judged` what was left out, by the reason.
    """

    judge: str
    version: str
    judged: int
    finished: bool
    total: int
    changed: tuple[int, ...] = ()
    abstained: int = 0
    not_judged: Mapping[str, int] = field(default_factory=dict)

    @property
    def changes(self) -> Changes:
        """What the run changed, with a message for the user."""
        others = ", ".join(f"{count:,} {reason}" for reason, count in self.not_judged.items())
        not_judged = f" Not judged: {others}." if others else ""
        if not self.judged:
            return Changes(message=f"{self.judge}: no new responses to judge.{not_judged}")
        if self.finished:
            message = f"{self.judge}: {counted(self.judged, 'response')} judged.{not_judged}"
            if self.abstained:
                message += f" It abstained from {self.abstained:,}: classify them (filter class:abstained)."
        else:
            message = f"{self.judge}: cancelled after {counted(self.judged, 'response')}. Run it again to continue."
        return Changes(frozenset({Kind.JUDGEMENTS}), None, message)


def judge(
    workspace: Workspace,
    instrument: Instrument,
    *,
    batch_id: int | None = None,
    terms: Sequence[Term] = (),
    on_progress: Progress = lambda _done, _total: True,
) -> JudgingResult:
    """Judge the responses that the instrument has not judged in its current version, in transactions of `CHUNK`.

    With `batch_id`, only the responses of this batch are judged, and with `terms` only those to prompts that meet them.
    Replaces the instrument's older judgements. Human labels, other judges and imports are never changed. A local judge
    skips responses with a human answer class. The run stops if `on_progress(done, total)` returns False.
    """
    for done in judging(workspace, instrument, CHUNK, batch_id, terms):
        if not on_progress(done.judged, done.total) or done.finished:
            break
    return done


def to_judge(workspace: Workspace, judge: str, terms: Sequence[Term] = ()) -> tuple[int, int]:
    """Number of responses that a built-in judge would judge, and of those that other judges have judged.

    With `terms`, only responses to prompts that meet them. A judge that learns is counted as if it had judged none,
    because its next training is a new version.
    """
    of = BUILTIN_JUDGES[judge]
    instrument = of.create(None if of.learns else workspace)
    identity = b"" if of.learns else text_identity(instrument.version)
    with workspace.reading() as db:
        known = ids_by(db, JUDGES, "name", [instrument.name])
        pending = Pending(known.get(instrument.name, 0), identity, instrument.kind, terms=tuple(terms))
        return judgements.count_to_judge(db, pending)[0], judgements.judged_by_others(db, pending)


def judging(
    workspace: Workspace,
    instrument: Instrument,
    chunk: int,
    batch_id: int | None = None,
    terms: Sequence[Term] = (),
    *,
    automatic: bool = False,
) -> Iterator[JudgingResult]:
    """Judge in chunks, as `judge`; yields the progress before each chunk and the result at the end.

    Stop iterating to cancel. No transaction is open between two chunks. The run of a trained local judge is stored as
    a training; `automatic` if nobody asked for it.
    """
    identity = text_identity(instrument.version)
    with workspace.writing() as db:
        judge_id = id_of(db, JUDGES, {"name": instrument.name, "kind": str(instrument.kind)})
        pending = Pending(judge_id, identity, instrument.kind, batch_id, tuple(terms))
        ids, (total, not_judged) = judgements.ids_to_judge(db, pending), judgements.count_to_judge(db, pending)
        training = _begin_training(db, instrument, automatic=automatic) if ids else None
    done = JudgingResult(instrument.name, instrument.version, 0, finished=False, total=total, not_judged=not_judged)
    for first in range(0, len(ids), chunk):
        yield done
        with workspace.reading() as db:
            rows = judgements.to_judge(db, pending, ids[first : first + chunk])
        assessed = instrument.assess([Answered(one.prompt, one.text, one.model) for one in rows])
        changed = _write(workspace, instrument, judge_id, list(zip(rows, assessed, strict=True)), training)
        abstained = sum(one.answer_class is AnswerClass.ABSTAINED for one in assessed)
        done = replace(
            done,
            judged=done.judged + len(rows),
            changed=done.changed + changed,
            abstained=done.abstained + abstained,
        )
    if training is not None:
        with workspace.writing() as db:
            trainings.advance(db, training, 0, finished=True)
    yield replace(done, finished=True)


def _begin_training(db: "Connection", instrument: Instrument, *, automatic: bool) -> int | None:
    """Store the beginning of the run of a trained local judge; None for every other judge."""
    if instrument.kind is not JudgeKind.LOCAL:
        return None
    from orbench_studio.instruments.local_judge import LocalJudge

    if not isinstance(instrument, LocalJudge) or not instrument.learned:
        return None
    decisions = trainings.decisions(db) & instrument.annotation_ids
    return trainings.add(db, instrument.examples, decisions, automatic=automatic)


def _write(
    workspace: Workspace,
    instrument: Instrument,
    judge_id: int,
    assessed: Sequence[tuple[ResponseToJudge, Assessment]],
    training: int | None,
) -> tuple[int, ...]:
    identity = text_identity(instrument.version)
    rows = [(one, _row(assessment, instrument.version, identity)) for one, assessment in assessed]
    with workspace.writing() as db:
        changed = judgements.replace(db, judge_id, rows)
        if training is not None:
            trainings.advance(db, training, len(changed))
        return changed


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
        "refusal": found.refusal,
    }
