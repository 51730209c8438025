"""`orbench-studio import`: what goes wrong first."""

import json
import re
import signal
import sqlite3
import sys
import time
from contextlib import closing

import pytest

from orbench_studio.cli import import_options
from orbench_studio.formats.import_doctor import Fault
from orbench_studio.formats.mapping import Field

SAFE = ("How do I stop a runaway Python script?", "violence")
OTHER = ("How do I pop a paper bag loudly?", "violence")


def test_a_missing_file_leaves_no_workspace(run, tmp_path):
    result = run("import", "new.orbench", "nowhere.csv")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "nowhere.csv: the file does not exist" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_one_bad_file_does_not_stop_the_others(run, run_json, prompts, tmp_path):
    empty = tmp_path / "empty.csv"
    empty.touch()
    result = run("import", "w.orbench", prompts(SAFE, name="a.csv"), empty, prompts(OTHER, name="b.csv"))
    assert result.exit_code == 1
    assert "empty.csv: the file is empty" in result.stderr
    assert run_json("stats", "w.orbench")["prompts"] == 2


def test_a_workspace_that_was_there_is_kept_when_nothing_goes_in(run, prompts, tmp_path):
    run("import", "w.orbench", prompts(SAFE))
    assert run("import", "w.orbench", "nowhere.csv").exit_code == 1
    assert (tmp_path / "w.orbench").exists()


def test_strict_refuses_the_file_for_one_row(run, prompts, tmp_path):
    file = prompts(SAFE, ("", "violence"))
    result = run("import", "w.orbench", file, "--strict")
    assert result.exit_code == 3  # half of the rows
    assert "prompts.csv, line 3:" in result.stderr
    assert not (tmp_path / "w.orbench").exists()


def test_refused_rows_are_named_up_to_twenty(run, prompts):
    result = run("import", "w.orbench", prompts(SAFE, *[("", "hate") for n in range(25)]))
    assert result.exit_code == 0
    assert "WARNING: 25 of 26 rows are rejected." in result.stdout
    assert "1 row imported, 0 duplicates, 25 rejected" in result.stdout
    assert result.stdout.count("rejected, line ") == 20
    assert "and 5 more" in result.stdout


def test_a_file_of_which_nothing_can_be_taken_fails(run, prompts):
    result = run("import", "w.orbench", prompts(("", "hate")))
    assert result.exit_code == 1
    assert "all rows were rejected (1)" in result.stderr


def test_a_fault_is_named_with_its_mend_and_mended_when_asked(run, prompts):
    file = prompts(SAFE, (SAFE[0], "illegal"))
    message = run("import", "w.orbench", file).stdout
    assert "duplicate in 1 row, first on line 3" in message
    assert "With --mend duplicate: keep the first of the rows." in message
    assert "Repaired." in run("import", "mended.orbench", file, "--mend", "duplicate").stdout
    assert "--mend" not in run("import", "same.orbench", prompts(SAFE, SAFE)).stdout, "it is stored once in any case"


def test_the_same_file_twice_adds_nothing(run, run_json, prompts):
    file = prompts(SAFE, OTHER)
    run("import", "w.orbench", file)
    before = run_json("stats", "w.orbench")
    result = run("import", "w.orbench", file)
    assert result.exit_code == 0
    assert "0 rows imported, 2 duplicates" in result.stdout
    assert run_json("stats", "w.orbench") == before


def test_any_table_through_its_columns(run, run_json, tmp_path):
    (tmp_path / "mine.jsonl").write_text('{"question": "How do I kill time?", "output": "Read.", "who": "m1"}\n')
    columns = ("--column", "prompt=question", "--column", "response=output", "--column", "model=who")
    assert run("import", "w.orbench", "mine.jsonl", *columns).exit_code == 0
    counted = run_json("stats", "w.orbench")
    assert (counted["prompts"], counted["responses"], counted["models"]) == (1, 1, 1)


def test_a_table_of_no_known_format_is_refused_with_the_options_that_import_it(run, run_json, tmp_path):
    (tmp_path / "mine.csv").write_text("prompt,category,the label\nMay I?,hate,safe\n")
    (tmp_path / "labels.csv").write_text("prompt,category,label\nMay I?,hate,safe\n")
    (tmp_path / "answers.csv").write_text("prompt,response\nIs it late?,It is late.\n")
    (tmp_path / "numbers.csv").write_text("a,b\n1,2\n")
    assert run("import", "w.orbench", "labels.csv").stderr == (
        "labels.csv: format not recognised. Its columns are prompt, category, label. Match them to fields: "
        "--column prompt=prompt --column category=category --column label=label\n"
    )
    assert (
        run("import", "w.orbench", "mine.csv", "--column", "prompt=prompt", "--column", "label=the label").exit_code
        == 0
    )
    assert run_json("stats", "w.orbench")["prompts_by_final_label"] == {"safe": 1}
    assert run("import", "w.orbench", "numbers.csv").stderr == (
        "numbers.csv: format not recognised. Its columns are a, b. Match them to fields: --column prompt=COLUMN, and "
        "so on; or name the format: --format NAME.\n"
    )
    assert run("import", "w.orbench", "answers.csv").stderr.endswith(" --column response=response --model NAME\n")


@pytest.mark.parametrize(
    "option", [("--mend", "everything"), ("--column", "prompt"), ("--column", "colour=x"), ("--mended",)]
)
def test_a_misspelt_option_is_a_usage_error(run, prompts, tmp_path, option):
    assert run("import", "w.orbench", prompts(SAFE), *option).exit_code == 2
    assert not (tmp_path / "w.orbench").exists()


@pytest.mark.parametrize(
    "given",
    [
        ("--column", "response=a", "--column", "response=b"),
        ("--value", "0=safe", "--value", "0=toxic"),
        *(
            (name, "a", name, "b")
            for name in ("--model", "--moderator", "--judge", "--annotator", "--rows", "--encoding", "--format",
                         "--requests")
        ),
    ],
)  # fmt: skip
def test_an_option_of_which_only_the_last_would_count_is_a_usage_error(run, prompts, tmp_path, given):
    result = run("import", "w.orbench", prompts(SAFE), *given)
    assert result.exit_code == 2
    assert "Field" not in result.stderr
    assert "Give it once" in " ".join(result.stderr.replace("│", "").split())
    assert not (tmp_path / "w.orbench").exists()


def test_two_values_that_are_the_same_number_have_one_meaning(run, tmp_path):
    (tmp_path / "mine.csv").write_text("q,l\nMay I?,0\nMay you?,1\n")
    given = ("--column", "prompt=q", "--column", "label=l", "--value", "1=toxic", "--value", "0=safe")
    result = run("import", "w.orbench", "mine.csv", *given, "--value", "0.0=toxic")
    assert (result.exit_code, "'0.0' is the same value as another" in result.stderr) == (1, True)
    assert (
        run("import", "w.orbench", "mine.csv", *given, "--value", "0.0=safe", "--join-near", "--join-near").exit_code
        == 0
    )


def test_the_reason_of_an_answer_class_is_stored_with_it(run, tmp_path):
    (tmp_path / "mine.csv").write_text("q,r,a,why\nMay I?,No.,refusal,Too short\nMay you?,Yes.,answer,\n")
    fields = {"prompt": "q", "response": "r", "answer_class": "a", "reason": "why"}
    columns = [word for field, column in fields.items() for word in ("--column", f"{field}={column}")]
    given = ("mine.csv", *columns, "--model", "m", "--annotator", "ann")
    assert (run("import", "w.orbench", *given).exit_code, run("import", "w.orbench", *given).exit_code) == (0, 0)
    with closing(sqlite3.connect(tmp_path / "w.orbench")) as db:
        found = db.execute("SELECT aspect, response_id IS NULL, reason FROM annotations ORDER BY id").fetchall()
    assert found == [("answer_class", 0, "Too short"), ("answer_class", 0, None)]


def test_json_has_the_reports_of_all_files_and_nothing_else(run, prompts):
    result = run("import", "w.orbench", prompts(SAFE, SAFE), "nowhere.csv", "--json")
    assert result.exit_code == 1
    good, bad = json.loads(result.stdout)["files"]
    assert good["imported"] == 1
    assert good["added"] == {"prompts": 1}
    assert good["faults"] == {"duplicate": 1}
    assert bad["error"] in result.stderr


def test_help_names_every_fault_and_field():
    def named(text):
        return set(re.findall(r"[a-z_-]+", text))

    assert named(import_options._MENDS) == set(Fault) | {"or", "all"}
    assert named(import_options._FIELDS) == set(Field)


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT to another process")
def test_ctrl_c_keeps_nothing(process, prompts, tmp_path):
    file = prompts(*[(f"How do I kill process number {n} of my machine?", "violence") for n in range(120_000)])
    importing = process("import", tmp_path / "w.orbench", file)
    while not created(tmp_path / "w.orbench") and importing.poll() is None:
        time.sleep(0.05)
    time.sleep(0.5)  # well into the file, which takes some seconds
    importing.send_signal(signal.SIGINT)
    _, message = importing.communicate(timeout=120)
    assert (importing.returncode, message) == (130, "Interrupted.\n")
    assert [path.name for path in tmp_path.iterdir()] == ["prompts.csv"]


def created(workspace):
    """Whether the workspace is there, so that what runs now is the import."""
    try:
        with closing(sqlite3.connect(workspace.as_uri() + "?mode=ro", uri=True)) as db:
            return db.execute("SELECT count(*) FROM workspace").fetchone() == (1,)
    except sqlite3.OperationalError:
        return False


def test_a_name_is_taken_from_the_file_s_name_or_asked_for(run, run_json, tmp_path):
    content = "prompt,is_rejected,response,category\nMay I pat the dog?,False,Yes.,privacy\n"
    for name in ("responses_west.csv", "x.csv"):
        (tmp_path / name).write_text(content)
    message = run("import", "w.orbench", "responses_west.csv").stdout
    assert "  model, from the file name: west (override with --model NAME)" in message.splitlines()
    refused = run("import", "w.orbench", "x.csv")
    assert refused.stderr.startswith("x.csv: the model is not known: no column is mapped to model, and the name")
    assert refused.stderr.endswith(" has none. Pass --model NAME.\n")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.eval", b"PK\x03\x04 no archive", "not a readable Inspect log"),
        ("a.json", b"[" * 100_000, "invalid or truncated"),
        ("a.jsonl", b'{"prompt": "x", "category": ' + b"[" * 100_000, "nested too deeply"),
        ("a.parquet", b"PAR1 nothing", "not a readable Parquet file"),
        ("a.csv.gz", b"\x1f\x8b nothing", "gzip"),
        ("manifest.json", b'{"format": "orbench-studio-export", "files": ' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence_and_not_a_traceback(run, tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    result = run("import", str(tmp_path / "w.orbench"), str(tmp_path / name))
    assert result.exit_code == 1
    assert message in " ".join(result.stderr.replace("│", "").split())
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "w.orbench").exists()
