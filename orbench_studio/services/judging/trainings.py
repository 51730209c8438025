"""What the local judge of a workspace has learned from, and what its trainings changed."""

from typing import NamedTuple

from orbench_studio.domain.judging.training import Training
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.judging import trainings


class TrainingState(NamedTuple):
    """The decisions that a training would learn from now, and those that the stored judge learned from.

    `interrupted` if the latest automatic training has not judged all responses.
    """

    decisions: frozenset[int]
    learned: frozenset[int]
    interrupted: bool


class TrainingChanges(NamedTuple):
    """The last of `trainings`, which changed `changed` answer classes.

    `added` has the active decisions that the judge before them had not learned from; None if there was no judge.
    """

    last: Training
    trainings: int
    changed: int
    added: frozenset[int] | None


def state(workspace: Workspace) -> TrainingState:
    """What the stored judge has learned; all decisions if a version that did not store trainings judged."""
    with workspace.reading() as db:
        decisions, latest = trainings.decisions(db), trainings.latest(db)
        if latest is not None:
            return TrainingState(decisions, latest.decisions, latest.automatic and not latest.finished)
        return TrainingState(decisions, decisions if trainings.has_judged(db) else frozenset(), interrupted=False)


def changes(workspace: Workspace, after: int = 0) -> TrainingChanges | None:
    """What the trainings after this one changed; None if they changed no final answer class."""
    with workspace.reading() as db:
        found = trainings.changing(db, after)
        last = found and trainings.latest(db, before=found.last + 1)
        if found is None or last is None:
            return None
        before = trainings.latest(db, before=found.first)
        added = None if before is None else trainings.decisions(db) - before.decisions
    return TrainingChanges(last, found.trainings, found.changed, added)
