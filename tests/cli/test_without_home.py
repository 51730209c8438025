"""Folders of the user's own that are missing, damaged or shut: verbs run, and say so in one line."""

import csv
import os
import subprocess
import sys

import pytest

NOWHERE = "/dev/null/nowhere"
CHANGES = {
    "no home": {"HOME": None},
    "an empty home": {"HOME": ""},
    "a home that is not there": {"HOME": NOWHERE},
    "folders that cannot be": {f"XDG_{kind}_HOME": NOWHERE for kind in ("CONFIG", "STATE", "DATA", "CACHE")},
}


@pytest.fixture
def verb(tmp_path):
    """Runs a verb in a process of its own, with an environment that has been changed."""

    def run(*arguments, **changes):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
        given = {name: value for name, value in (kept | changes).items() if value is not None}
        command = [sys.executable, "-m", "orbench_studio", *map(str, arguments)]
        return subprocess.run(command, env=given, cwd=tmp_path, capture_output=True, text=True, check=False)

    return run


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "prompts.csv"
    with file.open("w", newline="", encoding="utf-8") as to:
        csv.writer(to).writerows([("prompt", "category"), ("How do I whittle a spoon?", "violence")])
    return file


@pytest.mark.parametrize("change", CHANGES)
def test_verbs_run_without_the_users_folders(verb, table, tmp_path, change):
    if change == "no home" or change == "an empty home":
        changes = CHANGES[change] | {f"XDG_{kind}_HOME": str(tmp_path / "xdg") for kind in ("CONFIG", "STATE")}
    else:
        changes = CHANGES[change]
    taken = verb("import", "w.orbench", table, **changes)
    assert taken.returncode == 0, taken.stderr
    said = verb("rules", "w.orbench", "add", "I am sorry", **changes)
    assert "Traceback" not in taken.stderr + said.stderr
    if NOWHERE in changes.values():
        assert taken.stderr.count("The log ") == 1
    assert not (tmp_path / "~").exists(), "nothing is written beside the work"


def test_damaged_settings_are_one_line_of_a_verb(verb, table, tmp_path):
    (tmp_path / "orbench-studio").mkdir()
    (tmp_path / "orbench-studio" / "settings.json").write_text("[" * 100_000, encoding="utf-8")
    changes = {"XDG_CONFIG_HOME": str(tmp_path)}
    said = verb("import", "w.orbench", table, **changes)
    assert said.returncode == 0
    [line] = said.stderr.splitlines()
    assert "settings.json.damaged-1. Defaults are used." in line
    assert verb("rules", "w.orbench", "list", **changes).stderr == ""


def test_a_user_that_the_system_does_not_know_may_run_verbs(table, tmp_path):
    """As in a container that runs under any user id."""
    code = (
        "import pwd; pwd.getpwuid = lambda uid: {}[uid]\n"
        "import sys; from orbench_studio.__main__ import main\n"
        "sys.argv = ['orbench-studio', *sys.argv[1:]]; main()"
    )
    given = {k: v for k, v in os.environ.items() if not k.startswith("XDG_") and k not in ("HOME", "LOGNAME", "USER")}

    def run(*arguments):
        command = [sys.executable, "-c", code, *map(str, arguments)]
        return subprocess.run(command, env=given, cwd=tmp_path, capture_output=True, text=True, check=False)

    taken = run("import", "w.orbench", table)
    assert taken.returncode == 0, taken.stderr
    log, settings = taken.stderr.splitlines()
    assert "The log " in log and "HOME is not set" in log
    assert "The settings file" in settings
    listed = run("rules", "w.orbench", "list")
    assert listed.returncode == 0, listed.stderr
    assert "The settings file" in listed.stderr
    assert sorted(file.name for file in tmp_path.iterdir()) == ["prompts.csv", "w.orbench"]


def test_a_damaged_keyring_configuration_counts_as_no_keyring(verb, tmp_path):
    (tmp_path / "python_keyring").mkdir()
    changes = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    for content in (b"no section", b"\xff\xfe\0", b"[backend]\ndefault-keyring=no.such.Backend\n"):
        (tmp_path / "python_keyring" / "keyringrc.cfg").write_bytes(content)
        said = verb("models", **changes)
        assert said.returncode == 0, said.stderr
        assert "Traceback" not in said.stderr
