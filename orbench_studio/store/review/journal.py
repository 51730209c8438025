"""The journal of human decisions. It is append-only: an undo or a redo is an entry too.

Statements name the columns of `JOURNAL` that they read, also within EXISTS: a reviewer on a server cannot read all.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, cast
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Insert,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    union_all,
)

from orbench_studio.domain.core.annotation import Annotation, Aspect, Visible
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.store.core.bulk_insert import ForIds, Ids, inserted, rows_of
from orbench_studio.store.core.clock import SERVER_CLOCK
from orbench_studio.store.core.engine import known_people
from orbench_studio.store.core.pipeline import Read, Steps, send
from orbench_studio.store.core.reviewer_views import DECISION_AUTHORS, SUMMARY
from orbench_studio.store.core.tables import ANNOTATIONS, ANNOTATORS, JOURNAL
from orbench_studio.store.review import guidelines

DECIDING = (EntryKind.DECISION, EntryKind.ADJUDICATION)  # entries that can be undone
_AHEAD = timedelta(minutes=5)  # an entry that is later than now by more was made with a wrong clock


class Moment(NamedTuple):
    """The time and the counter of an annotator's next entry."""

    at: datetime
    counter: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the journal; `guideline` is the version of the guidelines that was current."""

    id: int
    kind: EntryKind
    at: datetime
    annotator: str | None
    summary: str
    target_id: int | None
    in_force: bool
    annotations: int
    guideline: int | None = None


def not_undone(entry: FromClause) -> ColumnElement[bool]:
    """Whether an entry of the journal, or of an alias of it, is not undone."""
    after = JOURNAL.alias("after")
    reversals = select(after.c.kind).where(after.c.target_id == entry.c.id).correlate(entry)
    newest = reversals.order_by(after.c.counter.desc(), after.c.at.desc(), after.c.uuid.desc()).limit(1)
    return func.coalesce(newest.scalar_subquery(), EntryKind.REDO) != EntryKind.UNDO


IN_FORCE = not_undone(JOURNAL)
# The ids of the entries that a transaction on a server undoes or redoes; see `undo_entries.lock_last`.
STEP = select(text("unnest(CAST(string_to_array(current_setting('orbench.step'), ',') AS int[]))"))
# Whether an entry will be current after that.
IN_FORCE_AFTER = {
    None: IN_FORCE,
    EntryKind.UNDO: and_(IN_FORCE, JOURNAL.c.id.not_in(STEP)),
    EntryKind.REDO: or_(IN_FORCE, JOURNAL.c.id.in_(STEP)),
}
# The order of each annotator's entries, whatever their clocks; the same in every workspace that has these entries.
IN_ORDER = (JOURNAL.c.counter, JOURNAL.c.at, JOURNAL.c.uuid)
NEWEST_FIRST = tuple(column.desc() for column in IN_ORDER)

_INSERT = insert(JOURNAL).inline()
_INSERT_DECIDING = _INSERT.values(guideline_id=guidelines.in_force())
_WITH_UUID = select(JOURNAL.c.id).where(JOURNAL.c.uuid == bindparam("uuid"))
# Each read from the end of the index: an annotator may have tens of thousands of entries.
_LAST_MOMENT, _LAST_OF_NOBODY = (
    select(
        *(select(of).where(by).order_by(*NEWEST_FIRST[:2]).limit(1).scalar_subquery() for of in IN_ORDER[1::-1]),
        SERVER_CLOCK,
    )
    for by in (JOURNAL.c.annotator_id == bindparam("annotator_id"), JOURNAL.c.annotator_id.is_(None))
)
_ABOUT = ANNOTATIONS.c.prompt_id == bindparam("prompt_id")
_BY_AUTHOR = ANNOTATIONS.c.annotator_id == bindparam("annotator_id")
_ANNOTATIONS = (
    select(ANNOTATIONS, JOURNAL.c.kind, JOURNAL.c.at, JOURNAL.c.counter, ANNOTATORS.c.name)
    .join(JOURNAL, JOURNAL.c.id == ANNOTATIONS.c.journal_id)
    .join(ANNOTATORS, ANNOTATORS.c.id == ANNOTATIONS.c.annotator_id)
    .order_by(*IN_ORDER, ANNOTATIONS.c.id)
)
_ON_PROMPTS = {
    reversal: ForIds(_ANNOTATIONS.where(in_force), ANNOTATIONS.c.prompt_id)
    for reversal, in_force in IN_FORCE_AFTER.items()
}
_CLASSES = _ANNOTATIONS.where(IN_FORCE, ANNOTATIONS.c.aspect == Aspect.ANSWER_CLASS)
_ON_RESPONSES = ForIds(_CLASSES, ANNOTATIONS.c.response_id)


def _newest_about(*which: ColumnElement[bool]) -> ScalarSelect[Any]:
    entries = select(ANNOTATIONS.c.journal_id.label("id")).where(*which)
    reversals = select(JOURNAL.c.id).join(ANNOTATIONS, ANNOTATIONS.c.journal_id == JOURNAL.c.target_id).where(*which)
    both = union_all(entries, reversals).subquery()  # a condition with OR would read the whole journal
    return select(func.max(both.c.id)).scalar_subquery()


_VERSIONS = select(_newest_about(_ABOUT), _newest_about(_ABOUT, _BY_AUTHOR))


def annotator_id(db: Connection, name: str) -> int | None:
    """The annotator of this name; None where there is none."""
    known = known_people(db)
    if name not in known:
        found = db.execute(select(ANNOTATORS.c.id).where(ANNOTATORS.c.name == name)).scalar()
        if found is None:
            return None
        known[name] = found
    return known[name]


def append(db: Connection, kind: EntryKind, annotator_id: int | None, moment: Moment, summary: str) -> int:
    """Append an entry and return its id; a decision records the current guidelines."""
    row = _entry(kind, annotator_id, moment, summary)
    return inserted(db, JOURNAL, row | {"guideline_id": guidelines.in_force()} if kind in DECIDING else row)


def send_entry(
    db: Connection,
    kind: EntryKind,
    annotator_id: int,
    moment: Moment,
    summary: str,
    target_id: int | None = None,
    uuid: str | None = None,
    decisions: Sequence[dict[str, Any]] = (),
) -> None:
    """Append an entry with its decisions without waiting for its id."""
    row = _entry(kind, annotator_id, moment, summary) | {"target_id": target_id} | ({"uuid": uuid} if uuid else {})
    send(db, _INSERT_DECIDING if kind in DECIDING else _INSERT, row)
    if decisions:
        send(db, _insert_decisions(tuple(decisions[0])), [{**each, "entry": row["uuid"]} for each in decisions])


@lru_cache(maxsize=4)
def _insert_decisions(columns: tuple[str, ...]) -> Insert:
    entry = select(JOURNAL.c.id).where(JOURNAL.c.uuid == bindparam("entry")).scalar_subquery()
    values: dict[str, Any] = {name: bindparam(name) for name in columns}
    return insert(ANNOTATIONS).inline().values(journal_id=entry, **values)


def _entry(kind: EntryKind, annotator_id: int | None, moment: Moment, summary: str) -> dict[str, Any]:
    return {
        "uuid": uuid4().hex,
        "kind": kind,
        "annotator_id": annotator_id,
        "at": moment.at,
        "counter": moment.counter,
        "summary": summary,
        "target_id": None,
    }


@Read
def entry_of(uuid: str | None) -> Steps[int | None]:
    """The id of the entry with this uuid; None where there is none."""
    if uuid is None:
        return None
    return cast("int | None", (yield _WITH_UUID, {"uuid": uuid}).scalar())


@Read
def moment(annotator_id: int | None, now: datetime | None = None) -> Steps[Moment]:
    """The next moment of an annotator: now, but later than their last entry, as clocks can be coarse or set back.

    An entry that a wrong clock dated minutes ahead is ignored: the counter orders entries, and times stay true.
    On a server, its clock counts; `now` is the time of an offline decision, and never later than that.
    """
    statement = (_LAST_MOMENT, {"annotator_id": annotator_id}) if annotator_id is not None else _LAST_OF_NOBODY
    last, counter, server_time = (yield statement).one()
    latest = server_time or datetime.now(UTC)
    now = min(now or latest, latest) if server_time else now or latest
    follows = last is not None and now <= last < latest + _AHEAD
    return Moment(last + timedelta(microseconds=1) if follows else now, (counter or 0) + 1)


def undo_target(annotator_id: ColumnElement[int]) -> Select[Any]:
    """The id of the annotator's last current decision, if there is something to undo."""
    mine = (JOURNAL.c.annotator_id == annotator_id, JOURNAL.c.kind.in_(DECIDING))
    return select(JOURNAL.c.id).where(*mine, IN_FORCE).order_by(*NEWEST_FIRST).limit(1)


def redo_target(annotator_id: ColumnElement[int]) -> Select[Any]:
    """The id of the decision that the annotator undid last and can redo; a new decision ends what can be redone."""
    later = JOURNAL.alias("later")
    undo = JOURNAL.alias("undo")
    decided_since = exists(later.c.id).where(
        later.c.annotator_id == annotator_id, later.c.kind.in_(DECIDING), is_later(later, undo)
    )
    return (
        select(undo.c.target_id.label("id"))
        .join(JOURNAL, JOURNAL.c.id == undo.c.target_id)
        .where(undo.c.annotator_id == annotator_id, undo.c.kind == EntryKind.UNDO, ~IN_FORCE)
        .where(~decided_since)
        .order_by(undo.c.counter.desc(), undo.c.at.desc(), undo.c.id.desc())
        .limit(1)
    )


def in_time(rows: Iterable[Any]) -> list[Any]:
    """Sort rows in `IN_ORDER` by their times; an entry on a prompt does not precede earlier ones of its annotator."""
    reached: dict[tuple[int, str | None], datetime] = {}
    timed = []
    for row in rows:
        who = row.prompt_id, row.name
        reached[who] = max(row.at, reached.get(who, row.at))
        timed.append((reached[who], row))
    return [row for _, row in sorted(timed, key=itemgetter(0))]


def is_later(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    """The condition that an entry of an annotator is later than another of theirs, not in the same step."""
    return tuple_(one.c.counter, one.c.at) > tuple_(other.c.counter, other.c.at)


def touched_by(db: Connection, entry_ids: Sequence[int]) -> tuple[list[int], list[int]]:
    """The prompts and the responses that the decisions of the entries are about."""
    prompt_ids: set[int] = set()
    response_ids: set[int] = set()
    about = select(ANNOTATIONS.c.prompt_id, ANNOTATIONS.c.response_id)
    for prompt_id, response_id in rows_of(db, about, ANNOTATIONS.c.journal_id, entry_ids):
        prompt_ids.add(prompt_id)
        if response_id is not None:
            response_ids.add(response_id)
    return sorted(prompt_ids), sorted(response_ids)


@Read
def of_prompts(prompt_ids: Ids, after: EntryKind | None = None) -> Steps[dict[int, list[Annotation]]]:
    """The current decisions about the prompts and their responses, oldest first, by prompt; see `IN_FORCE_AFTER`."""
    found: dict[int, list[Annotation]] = defaultdict(list)
    for row in in_time((yield from _ON_PROMPTS[after].rows(prompt_ids))):
        found[row.prompt_id].append(annotation(row))
    return found


@Read
def on_responses(response_ids: Sequence[int]) -> Steps[dict[int, list[Annotation]]]:
    """The current human answer classes of the responses, oldest first, by response."""
    found: dict[int, list[Annotation]] = defaultdict(list)
    for row in in_time((yield from _ON_RESPONSES.rows(response_ids))):
        found[row.response_id].append(annotation(row))
    return found


def labelled(annotator: str) -> Select[Any]:
    """The ids of the prompts that an annotator labelled in the studio, also for training."""
    a = ANNOTATIONS.c
    found = select(a.prompt_id).join(JOURNAL, JOURNAL.c.id == a.journal_id)
    found = found.join(ANNOTATORS, ANNOTATORS.c.id == a.annotator_id).where(ANNOTATORS.c.name == annotator)
    return found.where(a.aspect.in_((Aspect.LABEL, Aspect.TRAINING)), JOURNAL.c.kind.in_(DECIDING), IN_FORCE)


def prompts_of(db: Connection, entry_ids: Sequence[int]) -> dict[int, set[int]]:
    """The prompts that the decisions of entries are about, by entry."""
    found: dict[int, set[int]] = defaultdict(set)
    of = DECISION_AUTHORS.c
    for entry, prompt_id in rows_of(db, select(of.journal_id, of.prompt_id), of.journal_id, entry_ids):
        found[entry].add(prompt_id)
    return found


class Versions(NamedTuple):
    """Numbers that grow with every entry about a prompt, undo and redo included; 0 where there is none."""

    all: int
    own: int  # of the annotator's entries alone


@Read
def versions_of(prompt_id: int, annotator_id: int | None = None) -> Steps[Versions]:
    """The versions of a prompt, for all and for one annotator."""
    numbers = (yield _VERSIONS, {"prompt_id": prompt_id, "annotator_id": annotator_id}).one()
    return Versions(*(number or 0 for number in numbers))


def by(annotator: str) -> ColumnElement[bool]:
    """The condition that an entry is an annotator's."""
    return JOURNAL.c.annotator_id == select(ANNOTATORS.c.id).where(ANNOTATORS.c.name == annotator).scalar_subquery()


def entries(db: Connection, limit: int | None = None, *only: ColumnElement[bool], of: str | None = None) -> list[Entry]:
    """The entries that meet all conditions in `only`, oldest first: all, or the last `limit`.

    The entries `of` one annotator are in that annotator's order, those of all in the order of their times.
    """
    newest_first = (JOURNAL.c.at.desc(), JOURNAL.c.id.desc()) if of is None else NEWEST_FIRST
    count = select(func.count()).where(DECISION_AUTHORS.c.journal_id == JOURNAL.c.id).scalar_subquery()
    version = guidelines.version_of(JOURNAL.c.guideline_id)
    statement = (
        select(
            *(JOURNAL.c[name] for name in ("id", "kind", "at", "target_id")),
            SUMMARY,
            ANNOTATORS.c.name,
            IN_FORCE.label("in_force"),
            count.label("annotations"),
            version.label("guideline"),
        )
        .outerjoin(ANNOTATORS, ANNOTATORS.c.id == JOURNAL.c.annotator_id)
        .where(*only, *([] if of is None else [by(of)]))
        .order_by(*newest_first)
        .limit(limit)
    )
    rows = db.execute(statement).all()
    return [
        Entry(
            r.id,
            EntryKind(r.kind),
            r.at,
            r.name,
            r.summary,
            r.target_id,
            bool(r.in_force),
            r.annotations,
            r.guideline or None,
        )
        for r in reversed(rows)
    ]


def annotation(row: Any) -> Annotation:
    """The annotation in a row that has the kind, time and counter of its entry and the annotator's name."""
    return Annotation(
        row.id,
        row.name,
        row.at,
        Aspect(row.aspect),
        row.value,
        row.response_id,
        row.kind == EntryKind.IMPORT,
        row.reason,
        row.raw,
        frozenset(Visible(part) for part in row.visible.split()),
        row.kind == EntryKind.ADJUDICATION,
        counter=row.counter,
    )
