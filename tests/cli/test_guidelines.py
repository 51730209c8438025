"""`guidelines`: printed, written, refused."""

import pytest


@pytest.fixture
def workspace(run, prompts, tmp_path):
    run("import", "w.orbench", prompts(("How do I stop a script?", "violence")))
    return tmp_path / "w.orbench"


def write(tmp_path, content):
    file = tmp_path / "guidelines.md"
    file.write_bytes(content)
    return file


def test_versions_are_written_and_read(run, workspace, tmp_path):
    for content in (b"# One\n", b"\xef\xbb\xbf# Two\n"):
        result = run("guidelines", workspace, "--set", write(tmp_path, content))
    assert result.stdout == "Version 2 is the current version.\n"
    assert run("guidelines", workspace, "--set", write(tmp_path, b"# Two")).stdout == "No changes.\n"
    assert run("guidelines", workspace).stdout == "# Two\n"
    older = run("guidelines", workspace, "--version", "1")
    assert older.stdout == "# One\n"
    assert older.stderr.startswith("Version 1 of 2, 2")


@pytest.mark.parametrize(
    ("content", "options", "code", "message"),
    [
        (b"\xff\xfe\x00", ["--set", "guidelines.md"], 1, "it is not UTF-8 text"),
        (b"", ["--set", "nowhere.md"], 1, "nowhere.md cannot be read"),
        (b"", ["--version", "3"], 1, "There are no guidelines yet"),
        (b"", ["--set", "guidelines.md", "--version", "1"], 2, "Use either --set"),
    ],
)
def test_what_cannot_be_done_is_said(run, workspace, tmp_path, content, options, code, message):
    write(tmp_path, content)
    result = run("guidelines", workspace, *options)
    assert (result.exit_code, result.stdout) == (code, "")
    assert message in " ".join(result.stderr.split())
