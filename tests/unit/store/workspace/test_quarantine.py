"""Rows that an owner put in by hand, or reviewers before there were rules: named by check, set aside by repair."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.services.review import history, prompt_review
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace, problems_in, repair
from orbench_studio.store.core.tables import QUARANTINE
from orbench_studio.store.workspace import server_rules

T, LATER = "'2026-01-01 00:00:00.000000'", "'9000-01-01 00:00:00.000000'"

# By the clock of an honest person's machine: the entry came with their file.
FAST = f"'{datetime.now(UTC) + timedelta(days=400):%Y-%m-%d %H:%M:%S.%f}'"


def entry(number, kind="decision", who="2", at=T, target="NULL", uuid=None):
    values = f"({number}, '{kind}', {who}, {at}, {target}, '', '{uuid or f'forged{number}'}')"
    return "INSERT INTO journal (id, kind, annotator_id, at, target_id, summary, uuid) VALUES " + values


def decision(number, aspect="label", value="safe", response="NULL", who="2", prompt="1", of="60"):
    values = f"({number}, {of}, {who}, {prompt}, {response}, '{aspect}', '{value}', '')"
    columns = "id, journal_id, annotator_id, prompt_id, response_id, aspect, value, visible"
    return "INSERT INTO annotations (" + columns + ") VALUES " + values


def view(number, query, at):
    values = f"({number}, 'v{number}', '{query}', {at})"
    return "INSERT INTO views (id, name, query, created_at) VALUES " + values


# Each statement, with what `check` says of the row; an empty text for what makes no row.
FORGED = (
    (entry(50, kind="verdict"), "journal row 50: kind 'verdict' cannot be read"),
    (entry(51, at=LATER), "journal row 51: its time is in the future"),
    (entry(52, at="'1970-01-01 00:00:00.000000'"), "journal row 52: its time is before the year 2000"),
    (entry(53, uuid="../../x"), "journal row 53: not a valid uuid"),
    (entry(54, who="NULL"), "journal row 54: a decision without a person"),
    (entry(55, target="1"), "journal row 55: a target, but neither undo nor redo"),
    (entry(56, kind="undo"), "journal row 56: it reverses no decision of the same person"),
    (entry(57, kind="undo", target="1"), "journal row 57: it reverses no decision of the same person"),
    (entry(58, kind="undo", target="51"), "journal row 58 refers to journal row 51"),
    (decision(59, of="51"), "annotations row 59 refers to journal row 51"),
    (entry(60), ""),
    (decision(61, aspect="verdict"), "annotations row 61: aspect 'verdict' cannot be read"),
    (decision(62, value="dangerous"), "annotations row 62: value 'dangerous' cannot be read"),
    (decision(63, response="1"), "annotations row 63: labels are of prompts"),
    (decision(64, aspect="answer_class", value="direct_refusal"), "annotations row 64: labels are of prompts"),
    (decision(65, "answer_class", "direct_refusal", "1", prompt="2"), "annotations row 65: its response belongs to"),
    (decision(66, "evidence", "9:1", "1"), "annotations row 66: value '9:1' cannot be read"),
    (decision(67, "severity", "9", "1"), "annotations row 67: value '9' cannot be read"),
    (decision(68, "flag", "maybe"), "annotations row 68: a flag is on or off"),
    (decision(69, "category", "PRIVACY"), "annotations row 69: value 'PRIVACY' cannot be read"),
    (decision(70, who="1"), "annotations row 70: its journal entry is of another person"),
    (decision(71, of="57"), "annotations row 71: its journal entry is no decision"),
    (view(72, "category:", T), "views row 72: query 'category:' cannot be read"),
    (view(73, "", LATER), "views row 73: its time is in the future"),
    (entry(74, at=FAST), ""),
    (view(75, "", FAST), ""),
)  # fmt: skip


@pytest.fixture
def forged(place, database):
    with open_workspace(place) as workspace:
        for name in ("ada", "bob"):
            prompt_review.decide(workspace, Decision(3, Aspect.LABEL, "safe"), annotator=name)
        with workspace.writing() as db:
            if database == "postgresql":
                for table, name, _condition in server_rules._checks():
                    db.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{name}")
            for statement, _message in FORGED:
                db.exec_driver_sql(statement)
    return place


def test_check_names_every_forged_row_and_repair_sets_it_aside(forged):
    named = problems_in(forged)
    expected = [message for _statement, message in FORGED if message]
    for message in expected:
        assert "refers to" in message or any(problem.startswith(message) for problem in named), message
    moved, remaining = repair(forged)
    assert remaining == []
    for message in expected:
        assert any(sentence.startswith(f"Set aside: {message}") for sentence in moved), message
    with open_workspace(forged) as workspace:
        with workspace.reading() as db:
            rows = db.execute(select(QUARANTINE.c.origin, QUARANTINE.c.content)).all()
        last = next(entry for entry in history.entries(workspace) if entry.kind == "repair")
        decided = prompt_review.load(workspace, 3).decided
    assert (last.kind, last.annotator) == ("repair", None)
    assert "journal row 50: kind 'verdict' cannot be read" in last.summary
    assert {("journal", "verdict"), ("annotations", "9:1")} <= {
        (origin, json.loads(content).get("kind" if origin == "journal" else "value")) for origin, content in rows
    }
    assert [one.annotator for one in decided] == ["ada", "bob"]
    assert not [sentence for sentence in (*named, *moved) if "row 74" in sentence or "row 75" in sentence]
    assert repair(forged) == ([], [])


def test_repair_removes_foreign_definitions_and_rights_on_a_server(postgres):
    server = postgres.new()
    create_workspace(server).close()
    for statement in (
        "CREATE FUNCTION wipe() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER wipe BEFORE INSERT ON annotations FOR EACH ROW EXECUTE FUNCTION wipe()",
        "ALTER TABLE journal DISABLE TRIGGER journal_only_grow",
        "CREATE RULE quiet AS ON INSERT TO journal DO INSTEAD NOTHING",
        "CREATE FUNCTION lower(integer) RETURNS text LANGUAGE sql AS $$SELECT ''$$",
        "CREATE VIEW secrets AS SELECT * FROM annotations",
        "ALTER TABLE prompts ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE annotations DISABLE ROW LEVEL SECURITY",
        "CREATE POLICY everything ON journal USING (true)",
        "ALTER POLICY own_insert ON journal WITH CHECK (true)",
        "ALTER TABLE responses ADD CONSTRAINT none CHECK (id < 0) NOT VALID",
        "GRANT UPDATE ON prompts TO PUBLIC",
        "GRANT UPDATE (value) ON annotations TO PUBLIC",
    ):
        postgres.say(statement, server.database)
    assert len(problems_in(server)) >= 12
    moved, remaining = repair(server)
    assert remaining == []
    assert "Set aside: trigger wipe on annotations is not part of the schema." in moved
    assert postgres.say("SELECT count(*) FROM quarantine WHERE content LIKE '%FUNCTION public.wipe%'", server.database)
