"""`check` names every foreign object in a workspace, and a file with one that acts on access is not opened."""

import re
import sqlite3
from contextlib import closing

import pytest

from orbench_studio.errors import WorkspaceError
from orbench_studio.services.review import search
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace, problems_in

TURNS = "CREATE TRIGGER turns AFTER INSERT ON annotations BEGIN UPDATE prompt_states SET final_label = 'safe'; END"
SHADOW = "ALTER TABLE votes RENAME TO real_votes; CREATE VIEW votes AS SELECT * FROM real_votes WHERE verdict = 'safe'"


def rewritten(table, old, new):
    """SQL that changes the definition of a table, and no row."""
    changed = f"UPDATE sqlite_master SET sql = replace(sql, '{old}', '{new}') WHERE name = '{table}'"
    return f"PRAGMA writable_schema=ON; {changed}; PRAGMA writable_schema=RESET"


# What a colleague could do to a file, what `check` says of it, and whether the file is refused.
CHANGES = [
    (TURNS, ["trigger turns on annotations is not part of the schema: CREATE TRIGGER turns AFTER"], True),
    (
        "CREATE VIEW all_of_it AS SELECT * FROM annotations; "
        "CREATE TRIGGER turns INSTEAD OF INSERT ON all_of_it BEGIN SELECT 1; END",
        ["trigger turns on all_of_it is not part of the schema", "view all_of_it is not part of the schema"],
        True,
    ),
    (
        "DROP TRIGGER annotations_update; "
        "CREATE TRIGGER annotations_update BEFORE UPDATE ON annotations BEGIN SELECT 1; END",
        ["trigger annotations_update differs from the schema: without CREATE TRIGGER"],
        True,
    ),
    (
        SHADOW,
        [
            "table votes is missing",
            "table real_votes is not part of the schema",
            "view votes is not part of the schema",
        ],
        True,
    ),
    (
        rewritten("annotations", "REFERENCES prompts (id)", "REFERENCES prompts (id) ON DELETE CASCADE"),
        ["table annotations differs from the schema: without CONSTRAINT fk_annotations_prompt_id_prompts"],
        True,
    ),
    (
        rewritten("annotators", "UNIQUE (name)", "UNIQUE (name) ON CONFLICT REPLACE"),
        ["table annotators differs from the schema: without CONSTRAINT uq_annotators_name UNIQUE (name); with"],
        True,
    ),
    ("DROP TRIGGER journal_delete", ["trigger journal_delete is missing"], False),
    ("DROP INDEX ix_annotations_journal_id", ["index ix_annotations_journal_id is missing"], False),
    (
        "DROP INDEX ix_journal_uuid; CREATE INDEX ix_journal_uuid ON journal (uuid)",
        ["index ix_journal_uuid differs from the schema: without CREATE UNIQUE INDEX"],
        False,
    ),
    ("CREATE INDEX mine ON prompts (text)", ["index mine on prompts is not part of the schema"], False),
    ("CREATE TABLE notes (x)", ["table notes is not part of the schema: CREATE TABLE notes (x)"], False),
    ("DROP TABLE groupings", ["table groupings is missing"], False),
    (
        "ALTER TABLE groupings DROP COLUMN method",
        ["table groupings differs from the schema: without method VARCHAR NOT NULL"],
        False,
    ),
    (
        "ALTER TABLE groupings ADD COLUMN more TEXT",
        ["table groupings differs from the schema: with more TEXT"],
        False,
    ),
    (rewritten("groupings", "prompts INTEGER", "prompts TEXT"), ["with prompts TEXT NOT NULL"], False),
    (
        rewritten("groupings", "threshold FLOAT NOT NULL", "threshold FLOAT"),
        ["without threshold FLOAT NOT NULL; with threshold FLOAT"],
        True,
    ),
    (
        rewritten("groupings", "CONSTRAINT pk_groupings", "CHECK (prompts < 9), CONSTRAINT pk_groupings"),
        ["with CHECK (prompts < 9)"],
        False,
    ),
]


def do(path, script):
    with closing(sqlite3.connect(path)) as db:
        db.executescript(script)


@pytest.mark.parametrize(("script", "message", "refused"), CHANGES)
def test_what_is_not_the_studios_is_named(path, script, message, refused):
    do(path, script)
    before = path.read_bytes()
    problems = problems_in(path)
    for words in message:
        assert any(words in problem for problem in problems), problems
    if not refused:
        open_workspace(path).close()
        return
    with pytest.raises(WorkspaceError, match=re.escape(f"{path.name} was not opened")) as caught:
        open_workspace(path)
    assert "orbench-studio check" in str(caught.value)
    assert path.read_bytes() == before


def test_a_file_of_an_older_format_is_not_migrated_with_what_it_brings_along(path):
    do(path, TURNS)
    do(path, "UPDATE alembic_version SET version_num = '0010'")
    with pytest.raises(WorkspaceError, match="trigger turns on annotations"):
        open_workspace(path)
    assert problems_in(path) == ["trigger turns on annotations is not part of the schema"]


def test_the_studios_own_are_not_complained_of(path):
    with open_workspace(path) as workspace:
        search.index_responses(workspace, lambda _done, _of: True)
        assert workspace.problems() == []
    do(path, "ANALYZE")  # keeps tables of its own
    assert problems_in(path) == []
    do(path, "DROP TRIGGER response_search_insert")
    assert problems_in(path) == ["trigger response_search_insert is missing"]


def test_two_rows_or_none_that_say_what_the_workspace_is(path):
    do(path, "DELETE FROM workspace")
    assert problems_in(path) == ["workspace has 0 rows, and needs one"]
    with pytest.raises(WorkspaceError, match="workspace has 0 rows"):
        open_workspace(path)


def test_on_a_server(postgres):
    with create_workspace(postgres.new()) as workspace:
        assert workspace.problems() == []
        with workspace.writing() as db:
            for change in (
                "CREATE VIEW mine AS SELECT 1",
                "CREATE RULE quiet AS ON DELETE TO views DO INSTEAD NOTHING",
                "CREATE TRIGGER turns AFTER INSERT ON prompts EXECUTE FUNCTION only_grows()",
                "ALTER TABLE journal DISABLE TRIGGER journal_only_grow",
                "DROP INDEX ix_journal_uuid",
                "ALTER TABLE groupings ALTER COLUMN method TYPE integer USING 0",
                "CREATE TABLE notes (x integer)",
                "INSERT INTO annotators (name) VALUES ('anna')",
                "ALTER TABLE journal DROP CONSTRAINT ck_journal_kind",
                "INSERT INTO journal (kind, at, summary, uuid) VALUES ('wish', now(), '', '1')",
                "DROP POLICY own_insert ON annotations",
                "CREATE POLICY all_rows ON votes USING (true)",
                "ALTER POLICY own_insert ON journal WITH CHECK (true)",
                "ALTER TABLE prompt_states DISABLE ROW LEVEL SECURITY",
                "CREATE OR REPLACE FUNCTION recount_claimed() RETURNS trigger LANGUAGE plpgsql AS "
                "'BEGIN RETURN NULL; END'",
                "CREATE FUNCTION lower(integer) RETURNS text LANGUAGE sql AS $$SELECT ''$$",
                "GRANT UPDATE ON prompts TO PUBLIC",
                "GRANT UPDATE (value) ON annotations TO PUBLIC",
                "GRANT CREATE ON SCHEMA public TO PUBLIC",
            ):
                db.exec_driver_sql(change)
        message = workspace.problems()
        for words in (
            "view mine is not part of the schema",
            "rule quiet on views is not part of the schema",
            "trigger turns on prompts is not part of the schema",
            "trigger journal_only_grow on journal is missing or disabled",
            "index ix_journal_uuid is missing",
            "table notes is not part of the schema",
            "column method of groupings differs from the schema",
            "constraint ck_journal_kind on journal is missing",
            "policy own_insert on annotations is missing",
            "policy all_rows on votes is not part of the schema",
            "policy own_insert on journal differs from the schema",
            "row security of prompt_states is missing",
            "function recount_claimed() differs from the schema",
            "function lower(integer) is not part of the schema",
            "privilege UPDATE on prompts for PUBLIC is not part of the schema",
            "privilege UPDATE on annotations for PUBLIC is not part of the schema",
            "privilege CREATE on schema public for PUBLIC is not part of the schema",
            "journal row 1: kind 'wish' cannot be read",
        ):
            assert any(words in problem for problem in message), message
