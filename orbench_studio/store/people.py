"""What people decided more than once, out of the journal: prompts shown again, decisions before and after a reveal."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select

from orbench_studio.domain.annotation import Annotation, Aspect
from orbench_studio.store import journal
from orbench_studio.store.bulk import chunks
from orbench_studio.store.journal import IN_FORCE, Deed
from orbench_studio.store.tables import ANNOTATIONS, ANNOTATORS, JOURNAL, PROMPT_STATES

_AT = ANNOTATIONS.c


class Labelled(NamedTuple):
    """A prompt with the moment of its annotator's last label that is in force."""

    prompt_id: int
    at: datetime


def annotator_id(db: Connection, name: str) -> int | None:
    """The annotator of this name; None where nobody has it."""
    return db.execute(select(ANNOTATORS.c.id).where(ANNOTATORS.c.name == name)).scalar()


def last_recheck(db: Connection, annotator: int) -> int:
    """The entry of the annotator's last decision on a prompt shown again, undone or not; 0 where there is none."""
    statement = _own(JOURNAL.c.id, annotator, Aspect.RECHECK).order_by(JOURNAL.c.id.desc()).limit(1)
    return int(db.execute(statement).scalar() or 0)


def labels_since(db: Connection, annotator: int, entry: int) -> int:
    """How many labels the annotator has given after an entry, undone ones too."""
    return int(db.execute(_own(func.count(), annotator, Aspect.LABEL).where(JOURNAL.c.id > entry)).scalar_one())


def labelled(db: Connection, annotator: int) -> list[Labelled]:
    """The prompts that the annotator has labelled in the studio, each where its last label is; oldest first."""
    statement = _own(_AT.prompt_id, annotator, Aspect.LABEL).add_columns(JOURNAL.c.at).where(IN_FORCE)
    last: dict[int, Labelled] = {}
    for prompt_id, at in db.execute(statement.order_by(_AT.id)):
        last.pop(prompt_id, None)
        last[prompt_id] = Labelled(prompt_id, at)
    return list(last.values())


def rechecked_since(db: Connection, annotator: int, moment: datetime) -> set[int]:
    """The prompts that the annotator was shown again since then and decided, undone or not."""
    statement = _own(_AT.prompt_id, annotator, Aspect.RECHECK).where(JOURNAL.c.at >= moment)
    return set(db.execute(statement).scalars())


def on_rechecked(db: Connection) -> dict[int, list[Annotation]]:
    """The decisions in force about every prompt that somebody was shown again and decided, by prompt."""
    ids = db.execute(select(_AT.prompt_id).where(_AT.aspect == Aspect.RECHECK).distinct()).scalars()
    return journal.of_prompts(db, sorted(ids))


def decided_twice(db: Connection, aspect: Aspect) -> dict[tuple[int, int | None, str], list[Annotation]]:
    """The decisions of an aspect in force where an annotator took more than one on the same thing.

    By prompt, response and annotator.
    """
    thing = (_AT.prompt_id, _AT.response_id, _AT.annotator_id)
    twice = (
        select(_AT.prompt_id)
        .join(JOURNAL, JOURNAL.c.id == _AT.journal_id)
        .where(_AT.aspect == aspect, JOURNAL.c.kind == Deed.DECISION)
        .group_by(*thing)
        .having(func.count() > 1)
    )
    found: dict[tuple[int, int | None, str], list[Annotation]] = defaultdict(list)
    for prompt_id, decided in journal.of_prompts(db, sorted(set(db.execute(twice).scalars()))).items():
        for annotation in decided:
            if annotation.aspect is aspect:
                found[prompt_id, annotation.response_id, annotation.annotator].append(annotation)
    return found


def consensus(db: Connection, prompt_ids: Sequence[int]) -> dict[int, str | None]:
    """What the moderators make of the prompts together."""
    found: dict[int, str | None] = {}
    s = PROMPT_STATES.c
    for some in chunks(prompt_ids):
        rows = db.execute(select(s.prompt_id, s.consensus).where(s.prompt_id.in_(some)))
        found.update((prompt_id, agreed) for prompt_id, agreed in rows)
    return found


def _own(column: Any, annotator: int, aspect: Aspect) -> Select[Any]:
    joined = select(column).select_from(JOURNAL).join(ANNOTATIONS, _AT.journal_id == JOURNAL.c.id)
    return joined.where(JOURNAL.c.annotator_id == annotator, JOURNAL.c.kind == Deed.DECISION, _AT.aspect == aspect)
