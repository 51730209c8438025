"""Folders of the user's own that are missing, damaged or shut: verbs run, and say so in one line."""

import csv
import json
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


VERBS = """
import json, sys
{before}
from orbench_studio.__main__ import main
for verb in sys.argv[1:]:
    sys.argv = ["orbench-studio", *json.loads(verb)]
    try:
        main()
    except SystemExit as end:
        print("exit code", end.code, file=sys.stderr)
"""


@pytest.fixture
def stderr_of(tmp_path):
    """Runs verbs in a process of their own, with a changed environment; each succeeds, and its stderr is returned."""

    def run(*verbs, before="", **changes):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("XDG_")}
        given = {name: value for name, value in (kept | changes).items() if value is not None}
        command = [sys.executable, "-c", VERBS.format(before=before), *(json.dumps([*map(str, of)]) for of in verbs)]
        done = subprocess.run(command, env=given, cwd=tmp_path, capture_output=True, text=True, check=False)
        *texts, rest = done.stderr.split("exit code 0\n")
        assert (done.returncode, rest, len(texts)) == (0, "", len(verbs))
        return texts

    return run


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "prompts.csv"
    with file.open("w", newline="", encoding="utf-8") as to:
        csv.writer(to).writerows([("prompt", "category"), ("How do I whittle a spoon?", "violence")])
    return file


@pytest.mark.parametrize("change", CHANGES)
def test_verbs_run_without_the_users_folders(stderr_of, table, tmp_path, change):
    if change == "no home" or change == "an empty home":
        changes = CHANGES[change] | {f"XDG_{kind}_HOME": str(tmp_path / "xdg") for kind in ("CONFIG", "STATE")}
    else:
        changes = CHANGES[change]
    texts = stderr_of(("import", "w.orbench", table), ("rules", "w.orbench", "add", "I am sorry"), **changes)
    assert "Traceback" not in "".join(texts)
    if NOWHERE in changes.values():
        assert texts[0].count("The log ") == 1
    assert not (tmp_path / "~").exists(), "nothing is written beside the work"


def test_damaged_settings_are_one_line_of_a_verb(stderr_of, table, tmp_path):
    (tmp_path / "orbench-studio").mkdir()
    (tmp_path / "orbench-studio" / "settings.json").write_text("[" * 100_000, encoding="utf-8")
    importing, listing = stderr_of(
        ("import", "w.orbench", table), ("rules", "w.orbench", "list"), XDG_CONFIG_HOME=str(tmp_path)
    )
    [line] = importing.splitlines()
    assert "settings.json.damaged-1. Defaults are used." in line
    assert listing == ""


def test_a_user_that_the_system_does_not_know_may_run_verbs(stderr_of, table, tmp_path):
    """As in a container that runs under any user id."""
    importing, listing = stderr_of(
        ("import", "w.orbench", table),
        ("rules", "w.orbench", "list"),
        before="import pwd; pwd.getpwuid = lambda uid: {}[uid]",
        **dict.fromkeys(("HOME", "LOGNAME", "USER")),
    )
    log, settings = importing.splitlines()
    assert "The log " in log and "HOME is not set" in log
    assert "The settings file" in settings
    assert "The settings file" in listing
    assert sorted(file.name for file in tmp_path.iterdir()) == ["prompts.csv", "w.orbench"]


def test_a_damaged_keyring_configuration_counts_as_no_keyring(stderr_of, tmp_path):
    (tmp_path / "python_keyring").mkdir()
    changes = {"XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    for content in (b"no section", b"\xff\xfe\0", b"[backend]\ndefault-keyring=no.such.Backend\n"):
        (tmp_path / "python_keyring" / "keyringrc.cfg").write_bytes(content)
        assert "Traceback" not in stderr_of(("models",), **changes)[0]
