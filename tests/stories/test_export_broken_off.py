"""An export is killed, or the disk is full: what was there before is there still, and the next export cleans up."""

import shutil
import sys

import pytest

from orbench_studio.domain.data.export import Export, Form
from orbench_studio.errors import StudioError
from orbench_studio.formats.atomic_files import written_file
from orbench_studio.formats.records import PromptDraft, Record
from orbench_studio.services.data.export_files import export
from orbench_studio.services.data.import_files import ReadOptions, import_file, inspect_file
from orbench_studio.services.data.journal_merge import Restored
from orbench_studio.services.data.record_import import RecordImport
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace
from tests.forked import start_script

EXPORTER = """
import sys, time
from pathlib import Path
from orbench_studio.domain.data.export import Export, Form
from orbench_studio.services.data.export_files import export
from orbench_studio.services.workspace.workspace import open_workspace

def go_on(done, total):
    print(done, flush=True)
    time.sleep(600)

with open_workspace(Path(sys.argv[1])) as workspace:
    export(workspace, Export(Form.JSONL, Path(sys.argv[2])), go_on)
"""

KILLED = """
import os, sys
from pathlib import Path
from orbench_studio.domain.data.export import Export, Form
from orbench_studio.services.data.export_files import export
from orbench_studio.services.workspace.workspace import open_workspace

def hook(event, arguments):
    if event == "os.rename" and Path(arguments[0]).name == sys.argv[3]:
        os._exit(7)

sys.addaudithook(hook)
with open_workspace(Path(sys.argv[1])) as workspace:
    export(workspace, Export(Form.JSONL, Path(sys.argv[2])))
"""


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "mine.orbench"
    with create_workspace(path) as workspace, workspace.writing() as db:
        record_import = RecordImport(db, int, "", restored=Restored())
        record_import.add(
            [Record(n, PromptDraft(f"How many legs have {n} harmless spiders? {'!' * 200}")) for n in range(999)]
        )
        record_import.finish()
    return path


def content(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_killed_in_the_middle(path, tmp_path):
    out = tmp_path / "out"
    with open_workspace(path) as workspace:
        assert not export(workspace, Export(Form.CSV, out)).repaired
    before = content(out)
    with start_script(EXPORTER, path, out) as process:
        assert process.stdout.readline() == "200\n"
        process.kill()
    assert content(out) == before
    with open_workspace(path) as workspace:
        assert export(workspace, Export(Form.CSV, out)).repaired
    assert content(out) == before
    assert sorted(file.name for file in out.iterdir()) == ["manifest.json", "prompts.csv"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mine.orbench", "out"]


@pytest.mark.parametrize("held", ["prompts.csv", "prompts.jsonl", "manifest.json"])
def test_killed_while_files_are_put_in_place(path, tmp_path, held):
    """The import of a folder in which the files of two exports are mixed finds the earlier one, or the new one."""
    out = tmp_path / "out"
    with open_workspace(path) as workspace:
        export(workspace, Export(Form.CSV, out))
    before = content(out)
    with start_script(KILLED, path, out, held) as process:
        assert process.wait() == 7
    assert "prompts.csv" in content(out) or held != "prompts.csv"
    broken = shutil.copytree(out, tmp_path / "broken")
    assert inspect_file(broken, ReadOptions()).notes == {"interrupted exports undone": 1}
    assert content(broken) == before
    with create_workspace(tmp_path / "again.orbench") as again:
        report = import_file(again, out, ReadOptions())
        assert (report.imported, report.notes) == (999, {"interrupted exports undone": 1})
    assert content(out) == before
    assert sorted(file.name for file in out.iterdir()) == ["manifest.json", "prompts.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="sizes of files are not limited there")
def test_no_room_for_it(path, tmp_path):
    import resource

    out = tmp_path / "out"
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_workspace(path) as workspace:
        export(workspace, Export(Form.ORBENCH, out))
        before = content(out)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limit[1]))
        try:
            with pytest.raises(StudioError, match="Its previous content is unchanged"):
                export(workspace, Export(Form.JSONL, out))
            with (
                pytest.raises(StudioError, match="could not be written"),
                written_file(tmp_path / "labels", b"") as part,
            ):
                part.write_bytes(b"x" * 100_001)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert content(out) == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mine.orbench", "out"]
