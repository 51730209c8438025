"""Opening a workspace: everything that is none, or not whole, is refused and left exactly as it was."""

import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from orbench_studio.errors import WorkspaceError
from orbench_studio.services.workspace.workspace import create_workspace, open_or_create, open_workspace
from orbench_studio.store.workspace import migrate, opening


def refused(path):
    """The words that refuse the file, which is as it was, with nothing new beside it."""
    before = {file: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
    with pytest.raises(WorkspaceError) as caught:
        open_workspace(path)
    assert {file: file.read_bytes() for file in path.parent.iterdir() if file.is_file()} == before
    return str(caught.value)


def test_a_folder(tmp_path):
    assert "is a folder" in refused(tmp_path)


def test_nothing(tmp_path):
    assert "There is no workspace at" in refused(tmp_path / "nowhere.orbench")


def test_an_empty_file(tmp_path):
    (tmp_path / "empty.orbench").touch()
    assert "is not a workspace" in refused(tmp_path / "empty.orbench")


def test_a_text_file(tmp_path):
    (tmp_path / "prompts.csv").write_text("prompt,category\n")
    assert "To use data from a file, import it" in refused(tmp_path / "prompts.csv")


def test_another_programs_database(tmp_path):
    with closing(sqlite3.connect(tmp_path / "other.db")) as db:
        db.execute("CREATE TABLE bookmarks (url TEXT)")
    assert "database of another program" in refused(tmp_path / "other.db")


def test_a_database_that_only_calls_itself_a_workspace(tmp_path):
    with closing(sqlite3.connect(tmp_path / "hollow.orbench")) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute(f"PRAGMA application_id={opening.APPLICATION_ID}")
        db.execute("CREATE TABLE bookmarks (url TEXT)")
    assert "its format version is missing" in refused(tmp_path / "hollow.orbench")


def test_only_the_head_of_a_database(path):
    path.write_bytes(path.read_bytes()[:16])
    assert "damaged" in refused(path)


def test_noise_behind_the_right_header(path):
    path.write_bytes(path.read_bytes()[:100] + bytes(range(256)) * 40)
    assert "damaged" in refused(path)


def test_a_truncated_file(path):
    path.write_bytes(path.read_bytes()[:-8192])
    assert "damaged" in refused(path)


@pytest.mark.parametrize("revision", [f"{int(migrate.HEAD) + 1:04d}", "9999", "20b6f1"])
def test_a_newer_format(path, revision):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    message = refused(path)
    assert "written by a newer version" in message
    assert revision in message


def test_a_file_that_may_not_be_written(path, monkeypatch):
    # Root may write everything, so SQLite itself is told to open the file for reading only.
    connect = sqlite3.dbapi2.connect
    monkeypatch.setattr(
        sqlite3.dbapi2, "connect", lambda name, **more: connect(f"file:{name}?mode=ro&immutable=1", uri=True, **more)
    )
    with (
        open_workspace(path) as workspace,
        pytest.raises(WorkspaceError, match="needs write permission"),
        workspace.writing() as db,
    ):
        db.exec_driver_sql("DELETE FROM prompt_states")


def test_a_path_with_signs_that_mean_something_in_addresses(tmp_path):
    for name in ("50% done.orbench", "what?.orbench", "a#b.orbench", "ein&aus=1.orbench", "词语.orbench"):
        create_workspace(tmp_path / name).close()
        open_workspace(tmp_path / name).close()
        assert (tmp_path / name).exists()


def test_creating_touches_no_file_that_is_there(path):
    before = path.read_bytes()
    with pytest.raises(WorkspaceError, match="exists already"):
        create_workspace(path)
    assert path.read_bytes() == before


def test_creating_in_no_folder(tmp_path):
    with pytest.raises(WorkspaceError, match="does not exist"):
        create_workspace(tmp_path / "nowhere" / "new.orbench")


def test_creating_that_fails_leaves_nothing(tmp_path):
    def broken(_db):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        opening.create(tmp_path / "new.orbench", broken)
    assert list(tmp_path.iterdir()) == []


def test_what_a_crash_left_of_another_workspace_does_not_come_back(path, tmp_path):
    """A write-ahead log without its database would be played into the next file of that name."""
    with open_workspace(path) as workspace:
        with workspace.writing() as db:
            db.exec_driver_sql("UPDATE workspace SET uuid = 'the old one'")
        wal = path.with_name(path.name + "-wal").read_bytes()
    path.unlink()
    path.with_name(path.name + "-wal").write_bytes(wal)
    with open_or_create(path) as created, created.reading() as db:
        assert db.exec_driver_sql("SELECT count(*) FROM prompts").scalar() == 0
        assert db.exec_driver_sql("SELECT uuid FROM workspace").scalar() != "the old one"


def test_an_open_workspace_leaves_nothing_beside_the_file_when_it_is_closed(path):
    open_workspace(path).close()
    assert list(path.parent.iterdir()) == [path]


def test_of_many_who_create_it_at_once_one_does_and_none_removes_it(tmp_path):
    def make(path):
        try:
            create_workspace(path).close()
        except WorkspaceError as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(8) as pool:
        for number in range(5):
            path = tmp_path / f"new-{number}.orbench"
            message = list(pool.map(make, [path] * 8))
            assert message.count("") == 1 and all("exists already" in one for one in message if one)
            open_workspace(path).close()


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_creating_where_a_link_leads_nowhere(tmp_path):
    link = tmp_path / "new.orbench"
    link.symlink_to(tmp_path / "unmounted" / "new.orbench")
    with pytest.raises(WorkspaceError, match="exists already"):
        create_workspace(link)
    assert link.is_symlink()
