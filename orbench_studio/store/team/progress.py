"""Progress of team queues, and the activity of annotators, from the journal and the assignments."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, FromClause, Select, case, exists, func, select

from orbench_studio.domain.core.annotation import Aspect, Basis
from orbench_studio.domain.core.rates import Rate
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.domain.team.queue import NO_END, AssignmentState, Progress
from orbench_studio.store.core.reviewer_views import DECISION_AUTHORS
from orbench_studio.store.core.tables import ANNOTATIONS, ANNOTATORS, JOURNAL, PROMPT_STATES, PROMPTS
from orbench_studio.store.core.team_tables import TEAM_CLAIMS, TEAM_GOLD, TEAM_MEMBERS, TEAM_PROMPTS
from orbench_studio.store.review.hidden_decisions import BLIND_PROMPTS
from orbench_studio.store.review.journal import IN_FORCE, IN_ORDER
from orbench_studio.store.team import gold
from orbench_studio.store.team.queue_records import StoredQueue

A, J, N, D = ANNOTATIONS.c, JOURNAL.c, ANNOTATORS.c, DECISION_AUTHORS.c
P, C, S = TEAM_PROMPTS.c, TEAM_CLAIMS.c, PROMPT_STATES.c
_LABELS = (Aspect.LABEL, Aspect.RECHECK, Aspect.TRAINING)


def of_queue(db: Connection, kept: StoredQueue) -> Progress:
    """Count the prompts of a queue by number of labels; more labels than the overlap count as complete."""
    overlap, mine = kept.queue.overlap, (P.queue_id == kept.id, ~P.training)
    by_labels = [0] * (overlap + 1)
    counted = select(P.labels, func.count()).where(*mine).group_by(P.labels)
    for labels, count in db.execute(counted):
        by_labels[min(labels, overlap)] += count
    done = select(func.count()).select_from(TEAM_PROMPTS).join(PROMPT_STATES, S.prompt_id == P.prompt_id)
    done = done.where(*mine, P.labels >= overlap)
    settled = exists(A.id).where(
        A.prompt_id == P.prompt_id,
        A.aspect == Aspect.LABEL,
        J.id == A.journal_id,
        J.kind == EntryKind.ADJUDICATION,
        IN_FORCE,
    )
    open_ = int(db.execute(done.where(S.basis == Basis.DISPUTED)).scalar_one())
    adjudicated = int(db.execute(done.where(settled)).scalar_one())
    held = select(func.count()).where(C.queue_id == kept.id, C.state == AssignmentState.HELD)
    training = select(func.count()).where(P.queue_id == kept.id, P.training)
    counts = [int(db.execute(one).scalar_one()) for one in (held, training)] + [gold.count(db, kept.id)]
    return Progress(sum(by_labels), tuple(by_labels), open_ + adjudicated, adjudicated, *counts)


def names(db: Connection) -> list[str]:
    """Names of everybody who decided anything in the program or joined a queue."""
    deciding = select(J.annotator_id).where(J.kind == EntryKind.DECISION)
    there = N.id.in_(deciding) | N.id.in_(select(TEAM_MEMBERS.c.annotator_id))
    return list(db.execute(select(N.name).where(there).order_by(N.name)).scalars())


def labels(db: Connection) -> dict[str, int]:
    """Count the prompts that each annotator labelled, also where the labels are hidden."""
    counted = _decided(DECISION_AUTHORS, N.name, func.count(D.prompt_id.distinct())).where(D.aspect == Aspect.LABEL)
    return {name: int(count) for name, count in db.execute(counted.group_by(N.name))}


def moments(db: Connection) -> Mapping[str, list[datetime]]:
    """Read the times of single labels by annotator, oldest first; repeated labels of one prompt in a row count once."""
    found: dict[str, list[datetime]] = defaultdict(list)
    alone = select(D.journal_id).where(D.aspect.in_(_LABELS)).group_by(D.journal_id).having(func.count() == 1)
    statement = _decided(DECISION_AUTHORS, N.name, D.prompt_id, J.at).where(D.aspect.in_(_LABELS), J.id.in_(alone))
    last: dict[str, int] = {}
    for name, prompt_id, at in db.execute(statement.order_by(J.at, J.uuid, D.id)):
        if last.get(name) != prompt_id:
            found[name].append(at)
        last[name] = prompt_id
    return found


def values_by_prompt(db: Connection) -> Mapping[int, Mapping[str, str]]:
    """Read the latest label of each annotator, by prompt, for prompts with several labels that are all known."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    labelled = (A.aspect == Aspect.LABEL, A.prompt_id.not_in(BLIND_PROMPTS))
    statement = _decided(ANNOTATIONS, A.prompt_id, N.name, A.value).where(*labelled).order_by(*IN_ORDER, A.id)
    for prompt_id, name, value in db.execute(statement):
        found[prompt_id][name] = value
    return {prompt_id: by for prompt_id, by in found.items() if len(by) > 1}


def training_results(db: Connection) -> Mapping[str, Mapping[int, bool]]:
    """Read whether each annotator's first label of a training prompt is right, by annotator and prompt.

    A reviewer on a server sees only their own, until the queue has ended.
    """
    answers = _decided(ANNOTATIONS, N.name, A.prompt_id, A.value, PROMPTS.c.reference_label)
    return _first_results(db, answers.join(PROMPTS, PROMPTS.c.id == A.prompt_id).where(A.aspect == Aspect.TRAINING))


def gold_results(db: Connection) -> Mapping[str, Mapping[int, bool]]:
    """Read whether each annotator's first label of a gold prompt is right, by annotator and prompt."""
    answers = _decided(ANNOTATIONS, N.name, A.prompt_id, A.value, TEAM_GOLD.c.label)
    answers = answers.join(TEAM_PROMPTS, TEAM_PROMPTS.c.prompt_id == A.prompt_id)
    answers = answers.join(TEAM_GOLD, TEAM_GOLD.c.team_prompt_id == TEAM_PROMPTS.c.id)
    return _first_results(db, answers.where(A.aspect == Aspect.LABEL))


def _first_results(db: Connection, answers: Select[Any]) -> Mapping[str, Mapping[int, bool]]:
    found: dict[str, dict[int, bool]] = defaultdict(dict)
    for name, prompt_id, value, answer in db.execute(answers.order_by(*IN_ORDER, A.id)):
        found[name].setdefault(prompt_id, value == answer)
    return found


def assigned(db: Connection, now: datetime) -> dict[str, int]:
    """Count the current assignments of each annotator."""
    counted = select(N.name, func.count()).join(TEAM_CLAIMS, C.annotator_id == N.id)
    counted = counted.where(C.state == AssignmentState.HELD, C.until >= now).group_by(N.name)
    return {name: int(count) for name, count in db.execute(counted)}


def named(db: Connection) -> dict[str, Rate]:
    """Count the prompts assigned to each annotator by name, and those of them that the annotator labelled."""
    done = func.sum(case((C.state == AssignmentState.LABELLED, 1), else_=0))
    counted = select(N.name, done, func.count()).join(TEAM_CLAIMS, C.annotator_id == N.id)
    rows = db.execute(counted.where(C.until == NO_END).group_by(N.name))
    return {name: Rate(int(labelled), int(count)) for name, labelled, count in rows}


def last_seen(db: Connection) -> dict[str, datetime]:
    """Find when each annotator was last active: the last journal entry or renewal of assignments."""
    decided = select(N.name, func.max(J.at)).join(JOURNAL, J.annotator_id == N.id).group_by(N.name)
    m = TEAM_MEMBERS.c
    renewed = select(N.name, func.max(m.seen_at)).join(TEAM_MEMBERS, m.annotator_id == N.id).group_by(N.name)
    found: dict[str, datetime] = {}
    for statement in (decided, renewed):
        for name, at in db.execute(statement):
            if at is not None and (name not in found or at > found[name]):
                found[name] = at
    return found


def _decided(decisions: FromClause, *columns: Any) -> Select[Any]:
    """Select from the current decisions that were made in the program."""
    of = decisions.c
    joined = select(*columns).select_from(decisions).join(JOURNAL, J.id == of.journal_id)
    return joined.join(ANNOTATORS, N.id == of.annotator_id).where(J.kind == EntryKind.DECISION, IN_FORCE)
