"""Commands without a test module of their own, the window, and `--help`."""

import json
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from orbench_studio.cli.display import missing_library
from orbench_studio.domain.core.annotation import Aspect, Visible
from orbench_studio.domain.review.decision import Decision
from orbench_studio.services.review.prompt_review import decide, undo
from orbench_studio.services.workspace.workspace import open_workspace
from tests.unit.services.judging.judged_workspace import create

HEAVY = ("pandas", "pyarrow", "alembic", "PySide6", "sqlmodel", "sqlalchemy")


@pytest.fixture
def workspace(run, prompts, tmp_path):
    run("import", "w.orbench", prompts(("How do I stop a script?", "violence"), ("How do I steal a base?", "")))
    with open_workspace(tmp_path / "w.orbench") as opened:
        for value in ("toxic", "safe"):
            decide(opened, Decision(1, Aspect.LABEL, value), annotator="anna")
        undo(opened, annotator="anna")
    return tmp_path / "w.orbench"


@pytest.mark.parametrize("verb", ["stats", "journal", "check"])
@pytest.mark.parametrize("name", ["nowhere.orbench", ".", "text.orbench"])
def test_a_file_that_is_not_a_workspace_is_an_error_in_one_line(run, tmp_path, verb, name):
    (tmp_path / "text.orbench").write_text("some text")
    result = run(verb, name, "--json")
    assert (result.exit_code, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1


@pytest.fixture
def own(tmp_path):
    create(tmp_path / "own.orbench", prompts=6, labelled=("north",)).close()
    with open_workspace(tmp_path / "own.orbench") as opened:
        decide(opened, Decision(1, Aspect.LABEL, "safe"), annotator="anna")
    with closing(sqlite3.connect(tmp_path / "own.orbench")) as db, db:
        vote = "(prompt_id, moderator_id, identity, verdict, explanation, raw) VALUES (1, 1, x'00', 'safe', '', '')"
        db.execute(f"INSERT INTO votes {vote}")
    return tmp_path / "own.orbench"


def test_check_finds_a_changed_row(run, workspace):
    with closing(sqlite3.connect(workspace)) as db, db:
        db.execute("UPDATE prompt_states SET status = 'skipped' WHERE prompt_id = 2")
    result = run("check", workspace)
    assert result.exit_code == 3
    assert "prompt_states: 1 rows do not match" in result.stdout
    assert len(json.loads(run("check", workspace, "--json").stdout)["problems"]) == 1
    assert run("check", workspace, "--repair").stdout == "w.orbench: no problems found.\n"
    assert run("check", workspace).exit_code == 0


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE votes SET verdict = 'pink'", "votes row 1: verdict 'pink' cannot be read"),
        ("UPDATE prompts SET category = 'Colour' WHERE id = 2", "prompts row 2: category 'Colour' cannot be read"),
        ("UPDATE responses SET stop_reason = -1", "responses row 1: stop_reason '-1' cannot be read"),
        ("UPDATE annotators SET name = x'00ff'", r"annotators row 1: name b'\x00\xff' cannot be read"),
        ("UPDATE annotators SET name = CAST(x'e9' AS TEXT)", r"annotators row 1: name '\\xe9' cannot be read"),
        ("UPDATE journal SET at = 'yesterday'", "journal row 1: at 'yesterday' cannot be read"),
        ("UPDATE annotations SET aspect = 'colour'", "annotations row 1: aspect 'colour' cannot be read"),
        ("UPDATE workspace SET consensus_rule = 'most'", "workspace row 1: consensus_rule 'most' cannot be read"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_by_the_verbs_that_meet_it(run, own, change, named):
    with closing(sqlite3.connect(own)) as db, db:
        grows = [f"{table}_update" for table in ("journal", "annotations")]
        kept = [db.execute("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0] for name in grows]
        for statement in (*(f"DROP TRIGGER {name}" for name in grows), change, *kept):
            db.execute(statement)
    checked = run("check", own)
    assert checked.exit_code == 3
    assert named in checked.stdout
    verbs = (["stats"], ["journal"], ["export", "--format", "jsonl", "--out", "out"], ["team"])
    message = [(run(verb, own, *more), verb) for verb, *more in verbs]
    assert {result.exit_code for result, _ in message} <= {0, 1}
    failed = [result.stderr for result, _ in message if result.exit_code]
    assert all(named in text and "orbench-studio check" in text for text in failed)


def test_a_file_with_a_trigger_of_somebody_elses_is_not_opened(run, workspace):
    with closing(sqlite3.connect(workspace)) as db, db:
        db.execute("CREATE TRIGGER turns AFTER INSERT ON annotations BEGIN DELETE FROM votes; END")
    assert "trigger turns on annotations" in run("stats", workspace).stderr
    result = run("check", workspace)
    assert result.exit_code == 3
    assert "trigger turns on annotations is not part of the schema: CREATE TRIGGER turns" in result.stdout


def test_check_finds_a_whole_workspace_whole(run, workspace):
    result = run("check", workspace)
    assert (result.exit_code, result.stdout) == (0, "w.orbench: no problems found.\n")


def test_stats_counts(run, run_json, workspace):
    counted = run_json("stats", workspace)
    assert {name: counted[name] for name in ("prompts", "seeds", "votes", "models", "responses", "judgements")} == {
        "prompts": 2,
        "seeds": 0,
        "votes": 0,
        "models": 0,
        "responses": 0,
        "judgements": 0,
    }
    assert counted["annotations"] == 2
    assert counted["prompts_by_category"] == {"violence": 1, "none": 1}
    assert counted["prompts_by_status"] == {"decided": 1, "undecided": 1}
    assert counted["prompts_by_final_label"] == {"toxic": 1, "none": 1}
    assert "violence" in run("stats", workspace).stdout


def test_journal_tells_what_was_undone(run, run_json, workspace):
    first, second, third = run_json("journal", workspace)
    assert (first["kind"], first["annotator"], first["in_force"], first["annotations"]) == ("decision", "anna", True, 1)
    assert (second["id"], second["in_force"]) == (third["target"], False)
    assert first["at"].endswith("+00:00")
    lines = run("journal", workspace).stdout.splitlines()
    assert [line.endswith("(undone)") for line in lines[1:]] == [False, True, False]


def test_journal_shows_the_last_entries(run_json, workspace):
    assert [entry["kind"] for entry in run_json("journal", workspace, "--last", "1")] == ["undo"]


def test_a_first_argument_that_is_not_a_command_is_a_workspace(run, window, workspace):
    assert run(workspace).exit_code == 0
    assert run().exit_code == 0
    assert window.asked == [("open", workspace), ("open", None)]


def test_a_misspelt_command_gets_a_suggestion(run, window):
    result = run("stat")
    assert result.exit_code == 1
    assert "Did you mean orbench-studio stats?" in result.stderr
    assert window.asked == []


def test_a_misspelt_command_with_arguments_is_a_usage_error(run, workspace):
    result = run("statz", workspace)
    message = " ".join(result.stderr.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Unknown command 'statz'. Did you mean orbench-studio stats?" in message
    assert "open" not in message


def test_undo_since_lists_the_decisions_before_it_undoes_them(run, run_json, workspace):
    assert len(run_json("journal", workspace, "--annotator", "anna")) == len(run_json("journal", workspace))
    assert run("journal", workspace, "--annotator", "ben").stdout == "No decisions yet.\n"
    asked = ("journal", workspace, "--undo-since", "2000-01-01 00:00", "--annotator", "anna")
    listed = run(*asked).stdout.splitlines()
    assert listed[0].split() == ["entry", "time", "annotator", "summary"]
    assert listed[1].split()[4] == "#1"
    assert listed[2:] == ["1 decision on 1 prompt. To undo all of this, repeat the command with --yes."]
    assert len(run_json("journal", workspace)) == 3
    assert run(*asked, "--yes").stdout.endswith("Undone: “#1 undecided → toxic”\n")
    assert [entry["kind"] for entry in run_json("journal", workspace)][3:] == ["undo"]
    assert run(*asked, "--yes").stdout == "Nothing to undo: anna has no current decisions since 2000-01-01 00:00.\n"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (("--undo-since", "14:05"), 2, "--undo-since needs --annotator"),
        (("--yes",), 2, "--undo-since needs --annotator"),
        (("--undo-since", "noon", "--annotator", "anna"), 1, "'noon' is not a time. Write 14:05 for today"),
    ],
)
def test_invalid_undo_options_are_errors(run, workspace, options, code, message):
    result = run("journal", workspace, *options)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in " ".join(result.stderr.replace("│", "").split())


def test_without_a_display_opening_the_window_is_an_error(run, window, workspace, monkeypatch):
    without_display(monkeypatch)
    result = run(workspace)
    assert result.exit_code == 1
    assert "No display found" in result.stderr
    assert window.asked == []


def test_without_a_display_the_demo_draws_its_pages(run, window, tmp_path, monkeypatch):
    without_display(monkeypatch)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = run("demo")
    assert result.exit_code == 0
    [(_, folder)] = window.asked
    assert folder.parent == tmp_path
    assert result.stdout.splitlines()[1:] == [str(folder / "review.png")]


def test_the_demo_draws_into_the_given_folder(run, window, tmp_path):
    run("demo", "--screenshots", "pages")
    assert [str(folder) for _, folder in window.asked] == ["pages"]
    assert (tmp_path / "pages").is_dir()


def test_a_folder_that_cannot_be_created_is_an_error(run, window, tmp_path):
    (tmp_path / "file").touch()
    result = run("demo", "--screenshots", "file")
    assert (result.exit_code, window.asked) == (1, [])
    assert "cannot be created" in result.stderr


def test_with_a_display_the_demo_opens_its_window(run, window, monkeypatch):
    monkeypatch.setenv("DISPLAY", ":0")
    assert run("demo").exit_code == 0
    assert window.asked == [("demo",)]


def test_a_missing_system_library_is_named(monkeypatch):
    error = ImportError("libEGL.so.1: cannot open shared object file: No such file or directory")
    assert "libEGL.so.1" in missing_library(error)
    monkeypatch.setattr("orbench_studio.cli.display.missing_packages", lambda: ["libegl1", "libgl1"])
    assert "sudo apt-get install libegl1 libgl1" in missing_library(error)
    assert missing_library(ImportError("cannot import name 'x'")) is None


def test_help_is_quick_because_it_imports_nothing_heavy():
    code = f"import sys, orbench_studio.cli.main; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_workspace_is_opened_without_what_files_do_not_need():
    """Nor the driver of a server, which the first prompt of a file would wait for."""
    late = ("psycopg", "pandas", "matplotlib", "openai", "anthropic", "scipy", "sklearn", "keyring", "huggingface_hub")
    opening = "import sys, orbench_studio.services.workspace.workspace"
    code = f"{opening}; print([name for name in {late} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_help_lists_the_exit_codes(run):
    assert "3 check or doctor found problems" in " ".join(run("--help").stdout.split())
    assert run("--version").stdout.startswith("orbench-studio 0.")


def test_every_command_has_help(run):
    """The text of an option is markup: `[/X]` in it is an error."""
    from typer.main import get_command

    from orbench_studio.cli.main import app

    for name in get_command(app).commands:
        assert "Usage:" in run(name, "--help").stdout


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break differently")
def test_a_broken_pipe_is_quiet(process, workspace):
    listing = process("journal", workspace, "--json")
    listing.stdout.close()
    assert listing.stderr.read() == ""


def without_display(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


def test_stats_report_the_consistency_of_reviewers(run, run_json, workspace):
    with open_workspace(workspace) as opened:
        blind = frozenset({Visible.RESPONSES})
        decide(opened, Decision(2, Aspect.LABEL, "safe"), annotator="anna", visible=blind)
        decide(opened, Decision(2, Aspect.LABEL, "toxic"), annotator="anna", visible=blind | {Visible.VOTES})
        decide(opened, Decision(2, Aspect.RECHECK, "toxic"), annotator="anna", visible=blind)
    found = run_json("stats", workspace)
    assert (found["self_consistency"]["anna"]["n"], found["self_consistency"]["anna"]["rate"]) == (1, 1.0)
    assert found["self_consistency"]["anna"]["interval"] == pytest.approx([0.2065, 1], abs=0.0001)
    assert found["changed_after_reveal"]["labels"]["changed"]["count"] == 1
    message = run("stats", workspace).stdout
    assert "  anna  1 of 1: 100 % (21 to 100 %)" in message
    assert "  towards the consensus 0, away from it 0, unchanged 0" in message


def test_the_warning_about_a_synchronised_folder_appears_once(run, tmp_path):
    (tmp_path / "Nextcloud").mkdir()
    (tmp_path / "x.csv").write_text("prompt,category\nWhat is a harmless word?,privacy\n", encoding="utf-8")
    first = run("import", "Nextcloud/mine.orbench", "x.csv")
    assert (first.exit_code, first.stderr.count("is on Nextcloud")) == (0, 1)
    second = run("stats", "Nextcloud/mine.orbench", "--json")
    assert (second.exit_code, second.stderr) == (0, "")


def test_the_doctor_names_keys_without_their_values_and_what_is_missing(run, run_json, monkeypatch):
    monkeypatch.setenv("GROQ_API_KEY", "gsk-secret-4711")
    result = run("doctor", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["works"], found["keys"]["GROQ_API_KEY"]) == (0, True, True)
    assert "4711" not in result.output
    monkeypatch.setattr("orbench_studio.system_libraries.missing_packages", lambda: ["libegl1"])
    result = run("doctor")
    assert result.exit_code == 3
    assert "sudo apt-get install libegl1" in result.stdout
    assert "The window cannot open" in result.stdout
