"""A command whose workspace is replaced meanwhile says so, ends with 1, and leaves nothing half done."""

import shutil
import sys
import time

import pytest

ROWS = 30_000


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be replaced there")
def test_an_import_is_not_acknowledged_whose_file_was_replaced(process, run, prompts):
    few = prompts(("What is a harmless word?", "privacy"), name="few.csv")
    many = prompts(*((f"What does harmless word {n} mean?", "privacy") for n in range(ROWS)), name="many.csv")
    run("import", "w.orbench", few)
    workspace, theirs = few.with_name("w.orbench"), few.with_name("theirs.orbench")
    shutil.copy(workspace, theirs)
    importing = process("import", workspace, many)
    while not workspace.with_name("w.orbench-wal").exists() and importing.poll() is None:
        time.sleep(0.01)
    theirs.replace(workspace)
    out, message = importing.communicate(timeout=120)
    assert (importing.returncode, out) == (1, "")
    assert message == "w.orbench was replaced by another file while it was open. Nothing more is written to it.\n"
    assert sorted(file.name for file in workspace.parent.glob("*.orbench")) == ["w.orbench"]
    assert run("check", workspace).exit_code == 0
    assert run("import", workspace, many).exit_code == 0
