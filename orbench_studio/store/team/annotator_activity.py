"""What each annotator did, out of the journal and the claims."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.store.core.tables import ANNOTATIONS, ANNOTATORS, JOURNAL, PROMPTS
from orbench_studio.store.core.team_tables import TEAM_CLAIMS, TEAM_MEMBERS
from orbench_studio.store.review.journal import IN_FORCE, IN_TIME, EntryKind
from orbench_studio.store.team.assigned_prompts import SEALED_PROMPTS, State

A, J, N = ANNOTATIONS.c, JOURNAL.c, ANNOTATORS.c
_LABELS = (Aspect.LABEL, Aspect.RECHECK, Aspect.TRAINING)


def names(db: Connection) -> list[str]:
    """Everybody who decided anything in the studio, or takes part in a queue, by name."""
    deciding = select(J.annotator_id).where(J.kind == EntryKind.DECISION)
    there = N.id.in_(deciding) | N.id.in_(select(TEAM_MEMBERS.c.annotator_id))
    return list(db.execute(select(N.name).where(there).order_by(N.name)).scalars())


def labels(db: Connection) -> dict[str, int]:
    """How many prompts each has labelled."""
    counted = _decided(N.name, func.count(A.prompt_id.distinct())).where(A.aspect == Aspect.LABEL)
    return {name: int(count) for name, count in db.execute(counted.group_by(N.name))}


def moments(db: Connection) -> Mapping[str, list[datetime]]:
    """When each labelled a prompt, one at a time, oldest first; kept or changed at once it is one label."""
    found: dict[str, list[datetime]] = defaultdict(list)
    alone = select(A.journal_id).where(A.aspect.in_(_LABELS)).group_by(A.journal_id).having(func.count() == 1)
    statement = _decided(N.name, A.prompt_id, J.at).where(A.aspect.in_(_LABELS), J.id.in_(alone))
    last: dict[str, int] = {}
    for name, prompt_id, at in db.execute(statement.order_by(*IN_TIME)):
        if last.get(name) != prompt_id:
            found[name].append(at)
        last[name] = prompt_id
    return found


def said(db: Connection) -> Mapping[int, Mapping[str, str]]:
    """What each said last of the prompts that several labelled and whose labels are all known, by prompt."""
    found: dict[int, dict[str, str]] = defaultdict(dict)
    labelled = (A.aspect == Aspect.LABEL, A.prompt_id.not_in(SEALED_PROMPTS))
    statement = _decided(A.prompt_id, N.name, A.value).where(*labelled).order_by(*IN_TIME)
    for prompt_id, name, value in db.execute(statement):
        found[prompt_id][name] = value
    return {prompt_id: by for prompt_id, by in found.items() if len(by) > 1}


def practised(db: Connection) -> Mapping[str, Mapping[int, bool]]:
    """Whether each gave a prompt with a known answer that answer, by prompt: the first time counts."""
    found: dict[str, dict[int, bool]] = defaultdict(dict)
    answers = _decided(N.name, A.prompt_id, A.value, PROMPTS.c.reference_label)
    answers = answers.join(PROMPTS, PROMPTS.c.id == A.prompt_id).where(A.aspect == Aspect.TRAINING)
    for name, prompt_id, value, answer in db.execute(answers.order_by(*IN_TIME)):
        found[name].setdefault(prompt_id, value == answer)
    return found


def held(db: Connection, now: datetime) -> dict[str, int]:
    """How many prompts each holds just now."""
    c = TEAM_CLAIMS.c
    counted = select(N.name, func.count()).join(TEAM_CLAIMS, c.annotator_id == N.id)
    counted = counted.where(c.state == State.HELD, c.until >= now).group_by(N.name)
    return {name: int(count) for name, count in db.execute(counted)}


def seen(db: Connection) -> dict[str, datetime]:
    """When each was last at work: the last deed, or the last time that claims were renewed."""
    deeds = select(N.name, func.max(J.at)).join(JOURNAL, J.annotator_id == N.id).group_by(N.name)
    m = TEAM_MEMBERS.c
    there = select(N.name, func.max(m.seen_at)).join(TEAM_MEMBERS, m.annotator_id == N.id).group_by(N.name)
    found: dict[str, datetime] = {}
    for statement in (deeds, there):
        for name, at in db.execute(statement):
            if at is not None and (name not in found or at > found[name]):
                found[name] = at
    return found


def _decided(*columns: Any) -> Select[Any]:
    """Of the decisions in force that people took in the studio."""
    joined = select(*columns).select_from(ANNOTATIONS).join(JOURNAL, J.id == A.journal_id)
    return joined.join(ANNOTATORS, N.id == A.annotator_id).where(J.kind == EntryKind.DECISION, IN_FORCE)
