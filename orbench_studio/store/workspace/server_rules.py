"""What PostgreSQL itself demands of rows that reviewers write, also with other programs than this one.

CHECK constraints hold for everybody, the owner included. Policies and the trigger of team queues hold for everybody
except the owner. `install` runs again after each change of this file, which a comment on its function shows.

The reviewer's program computes the states of prompts and responses. It can write them only for prompts about which the
same transaction decides, so that nobody can change them at will. `check` finds false ones.
"""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from sqlalchemy import Connection, Integer

from orbench_studio.domain.core.annotation import CHECKS, LONGEST_NOTE, Aspect, Label, Visible
from orbench_studio.domain.core.category import LONGEST_CATEGORY
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.review.timeline import EntryKind
from orbench_studio.domain.team.queue import NO_END, AssignmentState, QueueState
from orbench_studio.store.core.columns import UtcDateTime
from orbench_studio.store.core.schema import METADATA
from orbench_studio.store.core.unreadable_rows import READABLE_TIMES, VALUE_SETS
from orbench_studio.store.workspace import server_catalog

if TYPE_CHECKING:
    import psycopg  # files work without the driver

WRITTEN = (
    *("annotators", "journal", "annotations", "views", "prompt_states", "response_states"),
    *("team_members", "team_prompts", "team_claims"),
)  # tables to which reviewers write
HIDDEN_TABLES = ("team_gold", "quarantine")  # without a policy: only the owner reads their rows
TRIGGERS = (
    *(("journal", "journal_only_grow"), ("annotations", "annotations_only_grow")),
    *(("team_prompts", "recount_places"), ("team_claims", "recount_claimed")),
)
_DECIDING = (EntryKind.DECISION, EntryKind.ADJUDICATION)
_LONGEST = {
    "annotators": {"name": 200},
    "journal": {"summary": 2_000},
    "annotations": {
        "value": 100_000,
        f"CASE aspect WHEN '{Aspect.NOTE}' THEN value ELSE '' END": LONGEST_NOTE,
        "coalesce(reason, '')": 10_000,
        "visible": 200,
    },
    "views": {"name": 200, "query": 10_000},
    "prompt_states": {"votes": 1_000},
}  # characters that a reviewer may write
_MOST_ASSIGNED = 100  # assignments of one person at a time
_CLOCK = "clock_timestamp() - interval '60 days' AND clock_timestamp() + interval '5 minutes'"  # offline decisions

_SELF = "(SELECT id FROM annotators WHERE name = session_user::text)"
_LAST_COUNTER = f"coalesce((SELECT max(mine.counter) FROM journal AS mine WHERE mine.annotator_id = {_SELF}), 0)"
ADJUDICATES = (
    "EXISTS (SELECT FROM pg_roles WHERE rolname = current_database() || '_adjudicator' "
    "AND pg_has_role(session_user, oid, 'MEMBER'))"
)


def _in(values: Iterable[str]) -> str:
    return "(" + ", ".join(f"'{value}'" for value in values) + ")"


def _decided_now(prompt: str) -> str:
    """The condition that this transaction added a journal entry about the prompt, or reversed one."""
    return (
        "EXISTS (SELECT FROM annotations AS about JOIN journal AS entry "
        "ON entry.id = about.journal_id OR entry.target_id = about.journal_id "
        f"WHERE about.prompt_id = {prompt} AND entry.xmin = pg_current_xact_id()::xid "
        f"AND entry.annotator_id + 0 = {_SELF})"  # `+ 0`: not by the index of all entries of the person
    )


def _in_force(entry: str) -> str:
    return (
        f"coalesce((SELECT r.kind FROM journal AS r WHERE r.target_id = {entry}.id "
        "ORDER BY r.counter DESC, r.at DESC, r.uuid DESC LIMIT 1), 'redo') <> 'undo'"
    )


def _labelled(annotator: str, prompt: str, aspect: str) -> str:
    """The condition that the annotator has a current label of the prompt."""
    return (
        "EXISTS (SELECT FROM decision_authors AS a JOIN journal AS j ON j.id = a.journal_id "
        f"WHERE a.annotator_id = {annotator} AND a.prompt_id = {prompt} AND a.aspect = {aspect} "
        f"AND j.kind = '{EntryKind.DECISION}' AND {_in_force('j')})"
    )


# While a prompt lacks labels in a blind queue, a reviewer reads only own and imported decisions about it; of training
# prompts, only own labels. The same as `store/review/hidden_decisions.py` and `domain/core/annotation.py` define.
_QUEUED = (
    "EXISTS (SELECT FROM team_prompts AS p JOIN team_queues AS q ON q.id = p.queue_id "
    f"WHERE p.prompt_id = {{0}}.prompt_id AND q.state <> '{QueueState.ENDED}' AND "
)
_HIDDEN = (
    f"({_QUEUED} NOT p.training AND q.overlap > 1 AND p.labels < q.overlap) "
    f"OR {{0}}.aspect = '{Aspect.TRAINING}' AND {_QUEUED} p.training))"
)
_READABLE = (
    f"annotator_id = {_SELF} OR aspect IN {_in(CHECKS)} AND value = session_user::text "
    f"OR NOT {_HIDDEN.format('annotations')} OR EXISTS (SELECT FROM journal AS entry "
    f"WHERE entry.id = annotations.journal_id AND entry.kind = '{EntryKind.IMPORT}')"
)
_COUNTING = (Aspect.LABEL, Aspect.TRAINING, Aspect.SKIP, Aspect.RECHECK)
# Views have the rights of the owner: the first shows who decided without what was decided, the second leaves out the
# summaries of entries with a hidden decision.
VIEWS = {
    "decision_authors": (
        "SELECT id, journal_id, annotator_id, prompt_id, response_id, "
        f"CASE WHEN aspect IN {_in(_COUNTING)} THEN aspect END AS aspect FROM annotations"
    ),
    "journal_summaries": (
        "SELECT id, summary FROM journal WHERE (SELECT NOT row_security_active('journal')) "
        f"OR annotator_id = {_SELF} OR kind = '{EntryKind.IMPORT}' OR NOT EXISTS (SELECT FROM annotations AS a "
        f"WHERE a.journal_id = coalesce(journal.target_id, journal.id) AND {_HIDDEN.format('a')})"
    ),
}
_CLAIMED = "(SELECT p.prompt_id FROM team_prompts AS p WHERE p.id = team_prompt_id)"
_COUNTED = (
    f"(SELECT CASE WHEN p.training THEN '{Aspect.TRAINING}' ELSE '{Aspect.LABEL}' END "
    "FROM team_prompts AS p WHERE p.id = team_prompt_id)"
)
_LEASED = (
    "until <= clock_timestamp() + (SELECT q.lease FROM team_queues AS q WHERE q.id = queue_id) * interval '1 minute' "
    "+ interval '5 minutes'"
)
_NAMED = f"until = '{NO_END.isoformat()}'"  # only the owner assigns prompts to named people
_SAME_QUEUE = "EXISTS (SELECT FROM team_prompts AS p WHERE p.id = team_prompt_id AND p.queue_id = team_claims.queue_id)"
_OWN_CLAIM = f"annotator_id = {_SELF} AND {_SAME_QUEUE} AND {_LEASED}"
_HAS_ROOM = (
    "EXISTS (SELECT FROM team_prompts AS p JOIN team_queues AS q ON q.id = p.queue_id WHERE p.id = team_prompt_id "
    f"AND q.state = '{QueueState.OPEN}' AND (p.room > 0 OR p.training)) "
    f"AND (SELECT count(*) FROM team_claims AS own WHERE own.annotator_id = {_SELF} "
    f"AND own.state = '{AssignmentState.HELD}') < {_MOST_ASSIGNED}"
)
_OF_RESPONSE = "EXISTS (SELECT FROM responses AS r WHERE r.id = response_id AND r.prompt_id = {0}.prompt_id{1})"
_STATE = _OF_RESPONSE.format("response_states", " AND r.model_id = response_states.model_id")

# By table and statement: the condition of a new row (INSERT, UPDATE) or of the row to change (UPDATE, DELETE).
_POLICIES = {
    ("annotators", "INSERT"): "name = session_user::text",
    ("journal", "INSERT"): (
        f"annotator_id = {_SELF} AND at BETWEEN {_CLOCK} AND uuid ~ '^[0-9a-f]{{32}}$' "
        f"AND counter > 0 AND counter - {_LAST_COUNTER} BETWEEN 0 AND 1 "
        f"AND (kind = '{EntryKind.DECISION}' OR kind = '{EntryKind.ADJUDICATION}' AND {ADJUDICATES} "
        f"OR kind IN ('{EntryKind.UNDO}', '{EntryKind.REDO}') AND EXISTS (SELECT FROM journal AS target "
        "WHERE target.id = journal.target_id AND target.annotator_id = journal.annotator_id "
        f"AND target.kind IN {_in(_DECIDING)})) "
        f"AND (target_id IS NULL) = (kind IN {_in(_DECIDING)}) "
        "AND guideline_id IS NOT DISTINCT FROM "
        f"CASE WHEN kind IN {_in(_DECIDING)} THEN "
        "(SELECT g.id FROM guidelines AS g ORDER BY g.created_at DESC, g.id DESC LIMIT 1) END"
    ),
    ("annotations", "INSERT"): (
        f"annotator_id = {_SELF} AND EXISTS (SELECT FROM journal AS entry WHERE entry.id = journal_id "
        f"AND entry.annotator_id = annotations.annotator_id AND entry.kind IN {_in(_DECIDING)} "
        "AND entry.xmin = pg_current_xact_id()::xid "
        f"AND (annotations.aspect NOT IN {_in(CHECKS)} OR entry.kind = '{EntryKind.ADJUDICATION}')) "
        f"AND (response_id IS NULL OR {_OF_RESPONSE.format('annotations', '')})"
    ),
    ("views", "INSERT"): f"created_at BETWEEN {_CLOCK}",
    ("views", "DELETE"): "true",
    ("prompt_states", "INSERT"): _decided_now("prompt_states.prompt_id"),
    ("prompt_states", "UPDATE"): _decided_now("prompt_states.prompt_id"),
    ("response_states", "INSERT"): f"{_STATE} AND {_decided_now('response_states.prompt_id')}",
    ("response_states", "UPDATE"): f"{_STATE} AND {_decided_now('response_states.prompt_id')}",
    ("team_members", "INSERT"): f"annotator_id = {_SELF} AND NOT invited AND share IS NULL AND categories = ''",
    ("team_members", "UPDATE"): f"annotator_id = {_SELF}",
    ("team_prompts", "UPDATE"): "true",  # the trigger computes the values
    ("team_claims", "INSERT"): (
        f"{_OWN_CLAIM} AND {_HAS_ROOM} OR {_SAME_QUEUE} AND state = '{AssignmentState.LABELLED}' "
        f"AND {_labelled('team_claims.annotator_id', _CLAIMED, _COUNTED)}"
    ),
    ("team_claims", "UPDATE"): f"annotator_id = {_SELF} AND {_SAME_QUEUE} AND ({_LEASED} OR {_NAMED})",
    ("team_claims", "DELETE"): (
        f"annotator_id = {_SELF} AND NOT {_NAMED} OR state = '{AssignmentState.HELD}' AND until < clock_timestamp() "
        f"OR state = '{AssignmentState.LABELLED}' AND NOT {_labelled('team_claims.annotator_id', _CLAIMED, _COUNTED)}"
    ),
}

# After each change by a reviewer of a prompt in a queue or of its assignments: how many labels it has, and to how many
# more people it can be assigned. The same as `store/review/assignment_states.py` computes.
_RECOUNT = f"""
CREATE OR REPLACE FUNCTION recount_places() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE counted text := CASE WHEN OLD.training THEN '{Aspect.TRAINING}' ELSE '{Aspect.LABEL}' END;
DECLARE people int[];
BEGIN
  IF NOT row_security_active('public.journal') THEN RETURN NEW; END IF;
  SELECT coalesce(array_agg(DISTINCT a.annotator_id), '{{}}') INTO people
    FROM decision_authors AS a JOIN journal AS j ON j.id = a.journal_id
    WHERE a.prompt_id = OLD.prompt_id AND a.aspect = counted AND j.kind = '{EntryKind.DECISION}' AND {_in_force("j")};
  NEW.labels := cardinality(people);
  IF NOT OLD.training THEN
    NEW.room := (SELECT q.overlap FROM team_queues AS q WHERE q.id = OLD.queue_id) - cardinality(people)
      - (SELECT count(*) FROM team_claims AS c WHERE c.team_prompt_id = OLD.id AND c.state = '{AssignmentState.HELD}'
         AND c.annotator_id <> ALL (people));
  END IF;
  RETURN NEW;
END $$;
CREATE OR REPLACE FUNCTION recount_claimed() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF row_security_active('public.journal') THEN
    IF TG_OP = 'UPDATE' AND NEW.{_NAMED} AND OLD.until <> NEW.until THEN
      RAISE insufficient_privilege USING MESSAGE = 'only the owner assigns prompts to named people';
    END IF;
    UPDATE team_prompts SET room = room WHERE id = coalesce(NEW.team_prompt_id, OLD.team_prompt_id);
  END IF;
  RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION only_grows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  RAISE EXCEPTION 'the % only grow: decisions are never changed or deleted', TG_TABLE_NAME;
END $$;
CREATE OR REPLACE TRIGGER journal_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON journal
  FOR EACH STATEMENT EXECUTE FUNCTION only_grows();
CREATE OR REPLACE TRIGGER annotations_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON annotations
  FOR EACH STATEMENT EXECUTE FUNCTION only_grows();
CREATE OR REPLACE TRIGGER recount_places BEFORE UPDATE ON team_prompts
  FOR EACH ROW EXECUTE FUNCTION recount_places();
CREATE OR REPLACE TRIGGER recount_claimed AFTER INSERT OR UPDATE OR DELETE ON team_claims
  FOR EACH ROW EXECUTE FUNCTION recount_claimed()
"""


def _checks() -> Iterator[tuple[str, str, str]]:
    """The CHECK constraints: table, name, condition."""
    for full, values in VALUE_SETS.items():
        table, name = full.split(".")
        if table in WRITTEN:
            yield table, name, f"{name} IN {_in(values)}"
    for table in WRITTEN:
        for column in METADATA.tables[table].columns:
            if isinstance(column.type, Integer) and table != "team_prompts":
                yield table, column.name, f"{column.name} >= 0"
            elif isinstance(column.type, UtcDateTime):
                yield table, column.name, f"{column.name} {READABLE_TIMES}"
    words = "|".join(Visible)
    category = (
        f"char_length({{0}}) <= {LONGEST_CATEGORY} AND {{0}} <> 'none' AND {{0}} !~ '[[:cntrl:],]' "
        "AND {0} !~ '^ | $|  ' AND {0} = lower({0})"
    )
    yield "annotations", "visible", f"visible ~ '^(({words})( |$))*$'"
    yield (
        "annotations",
        "value_by_aspect",
        (
            "CASE "
            f"WHEN aspect IN ('label', 'recheck', 'training') THEN value IN {_in(Label)} AND response_id IS NULL "
            f"WHEN aspect = 'answer_class' THEN value IN {_in(AnswerClass)} AND response_id IS NOT NULL "
            "WHEN aspect = 'evidence' THEN value ~ '^[0-9]{1,9}:[0-9]{1,9}$' AND response_id IS NOT NULL "
            "AND split_part(value, ':', 1)::int < split_part(value, ':', 2)::int "
            "WHEN aspect = 'severity' THEN value IN ('0', '1', '2', '3') AND response_id IS NOT NULL "
            f"WHEN aspect IN {_in(CHECKS)} THEN value <> '' AND response_id IS NULL "
            "WHEN aspect = 'flag' THEN value IN ('on', 'off') "
            f"WHEN aspect = 'category' THEN value <> '' AND {category.format('value')} "
            "ELSE true END"
        ),
    )
    yield "prompt_states", "category", category.format("category")


@cache
def expected() -> frozenset[str]:
    """The titles of all policies, constraints, triggers, functions and views of this version."""
    return frozenset(
        {
            *(f"policy own_{statement.lower()} on {table}" for table, statement in _POLICIES),
            *(f"policy read on {table}" for table in WRITTEN),
            *(f"row security of {table}" for table in (*WRITTEN, *HIDDEN_TABLES)),
            *(f"constraint ck_{table}_{name} on {table}" for table, name, _ in _checks()),
            *(f"trigger {name} on {table}" for table, name in TRIGGERS),
            *(f"function {name}()" for name in ("only_grows", "recount_places", "recount_claimed")),
            *(f"view {name}" for name in VIEWS),
        }
    )


def remove_foreign(db: Connection) -> dict[str, str]:
    """Drop objects that are not part of the schema, and install the rules again; returns the dropped definitions."""
    foreign = server_catalog.foreign(server_catalog.objects(db), expected())
    run(db, (statement for _object, statement in foreign))
    install(db)
    return {dropped.title: dropped.definition for dropped, _statement in foreign}


def differences(db: Connection) -> Iterator[str]:
    """Describe missing, changed and foreign policies, constraints, triggers, rules, functions and views."""
    _mark_there, digests = _installed(db)
    return server_catalog.differences(server_catalog.objects(db), expected(), digests)


@cache
def _statements() -> tuple[str, ...]:
    """All statements of `install`, without the mark."""
    made: list[str] = []
    for table, name, condition in _checks():
        full = f"ck_{table}_{name}"
        made.append(
            f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {full}, ADD CONSTRAINT {full} CHECK ({condition}) NOT VALID"
        )
    for table in WRITTEN:
        made.append(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY")
        made.append(
            f"DO $$ DECLARE old name; BEGIN FOR old IN SELECT policyname FROM pg_policies WHERE tablename = '{table}' "
            f"AND schemaname = 'public' LOOP EXECUTE format('DROP POLICY %I ON public.{table}', old); END LOOP; END $$"
        )
    made.append(f"DROP VIEW IF EXISTS {', '.join(VIEWS)}")  # which policies use
    made += (f"CREATE VIEW {name} AS {query}" for name, query in VIEWS.items())
    made.append("ALTER VIEW journal_summaries SET (security_barrier)")  # no error of a condition shows what it hides
    for table in WRITTEN:
        readable = _READABLE if table == "annotations" else "true"
        made.append(f"CREATE POLICY read ON {table} FOR SELECT USING ({readable})")
    for (table, statement), own in _POLICIES.items():
        short = (
            f"char_length({column}) <= {most}"
            for of, columns in _LONGEST.items()
            for column, most in columns.items()
            if of == table and statement != "DELETE"
        )
        condition = " AND ".join((f"({own})", *short))
        using = "" if statement == "INSERT" else f" USING ({condition})"
        check = "" if statement == "DELETE" else f" WITH CHECK ({condition})"
        made.append(f"CREATE POLICY own_{statement.lower()} ON {table} FOR {statement}{using}{check}")
    made.append(_RECOUNT)
    made += (f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY" for table in HIDDEN_TABLES)
    made += (f"ALTER TABLE {table} ENABLE TRIGGER {name}" for table, name in TRIGGERS)
    return tuple(made)


@cache
def _mark() -> str:
    return "rules " + sha256("\n".join(_statements()).encode()).hexdigest()[:16]


def install(db: Connection) -> None:
    """Replace the constraints, policies, views and triggers by those of this version; only the owner can.

    The comment on a function has the version of the rules, and digests of their definitions in the catalog.
    """
    owner = db.exec_driver_sql("SELECT relowner::regrole::text FROM pg_class WHERE oid = 'journal'::regclass").scalar()
    run(db, [f"SET LOCAL ROLE {owner}", *_statements()])  # an administrator leaves nothing that the owner cannot change
    found = server_catalog.objects(db)
    digests = {title: found[title].digest for title in sorted(expected() & found.keys())}
    run(db, [f"COMMENT ON FUNCTION recount_places() IS '{_mark()} {json.dumps(digests)}'", "SET LOCAL ROLE NONE"])


def are_installed(db: Connection) -> bool:
    """Whether the rules of this version are in the database."""
    return _installed(db)[0] == _mark()


def _installed(db: Connection) -> tuple[str, dict[str, str]]:
    """The mark of the installed rules, and the digests of their definitions; empty if there are none."""
    found = db.exec_driver_sql("SELECT obj_description(to_regprocedure('recount_places()'), 'pg_proc')").scalar()
    mark, _, digests = str(found or "").partition(" {")
    try:
        return mark, json.loads("{" + digests) if digests else {}
    except ValueError:
        return "", {}


def run(db: Connection, statements: Iterable[str]) -> None:
    """Execute statements without parameters in one round trip."""
    connection = cast("psycopg.Connection", db.connection.driver_connection)
    connection.execute(";\n".join(statements).encode())
