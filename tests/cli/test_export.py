"""`export`, and `import` of what it wrote."""

import json

import pytest


@pytest.fixture
def mine(run, prompts):
    run("import", "mine.orbench", prompts(("How do I pick a lock of hair?", "illegal"), ("May I?", "hate")))
    return "mine.orbench"


def test_what_goes_out_comes_back(run, run_json, mine, tmp_path):
    done = run_json("export", mine, "--format", "jsonl", "--out", "out")
    assert done == {"out": "out", "prompts": 2, "files": ["manifest.json", "prompts.jsonl"], "repaired": False}
    message = run("import", "again.orbench", "out")
    assert message.exit_code == 0 and "2 rows imported" in message.stdout
    assert run_json("stats", "again.orbench") == run_json("stats", mine)
    message = run("export", mine, "--format", "orbench", "--out", "plain").stdout
    assert message == "2 prompts written to plain: manifest.json, prompts.csv\n"
    assert (tmp_path / "plain" / "prompts.csv").read_bytes().count(b"\r\n") == 3


def test_seeds_go_out_when_that_is_said_twice(run, mine):
    assert run("export", mine, "--format", "jsonl", "--out", "out", "--seeds", "--yes").exit_code == 0


def test_what_a_filter_lets_through(run, mine, tmp_path):
    assert run("export", mine, "--format", "jsonl", "--out", "out", "--filter", "category:hate").exit_code == 0
    [line] = (tmp_path / "out" / "prompts.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["prompt"] == "May I?"


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--format", "csv", "--filter", "zebra"], 1, "Nothing to export"),
        (["--format", "csv", "--subset", "Hard"], 1, "There is no subset 'Hard'"),
        (["--format", "csv", "--subset", "Hard", "--filter", "safe"], 2, "not of both"),
        (["--format", "parquet", "--for-spreadsheets"], 2, "in CSV files"),
        (["--format", "docx"], 2, "docx"),
        (["--format", "jsonl", "--seeds"], 2, "toxic by design"),
    ],
)
def test_what_is_refused_and_how(run, mine, tmp_path, options, code, message):
    done = run("export", mine, "--out", "out", *options)
    assert (done.exit_code, message in " ".join(done.stderr.split())) == (code, True)
    assert not (tmp_path / "out").exists()


def test_a_web_project_is_left_alone(run, mine, tmp_path):
    site = tmp_path / "site"
    (site / ".git").mkdir(parents=True)
    (site / ".git" / "HEAD").write_text("ref: refs/heads/main", encoding="utf-8")
    (site / "manifest.json").write_text('{"name": "My app", "icons": []}', encoding="utf-8")
    done = run("export", mine, "--format", "csv", "--out", "site")
    assert done.exit_code == 1
    assert done.stderr.startswith("site contains other files: .git, manifest.json.")
    assert (site / ".git" / "HEAD").is_file() and sorted(site.iterdir()) == [site / ".git", site / "manifest.json"]


def test_what_was_interrupted_is_told(run, run_json, mine, tmp_path):
    run("export", mine, "--format", "csv", "--out", "out")
    left = tmp_path / "out" / ".orbench-studio-export" / "new"
    for message in (False, True):
        left.mkdir(parents=True)
        (left / "prompts.csv").write_text("half a fi", encoding="utf-8")
        if message:
            assert "was interrupted" in run("export", mine, "--format", "csv", "--out", "out").stderr
        else:
            assert run_json("export", mine, "--format", "csv", "--out", "out")["repaired"] is True
        assert not left.parent.exists()
    assert run_json("export", mine, "--format", "csv", "--out", "out")["repaired"] is False
