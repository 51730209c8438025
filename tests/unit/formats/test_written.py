"""Files that a user names are written whole or not at all, and never in the place of somebody else's."""

import sqlite3
import sys
from contextlib import closing

import pytest

from orbench_studio.errors import StudioError
from orbench_studio.formats.atomic_files import written_file

MARK = b"# Mine"


def put(path, content=MARK):
    with written_file(path, MARK) as part:
        part.write_bytes(content)


def test_a_file_of_the_same_kind_is_replaced(tmp_path):
    path = tmp_path / "report.md"
    path.touch()
    for content in (b"# Mine", b"# Mine too"):
        put(path, content)
        assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_any_other_file_stays(tmp_path):
    with closing(sqlite3.connect(tmp_path / "mine.orbench")) as db:
        db.execute("CREATE TABLE x (y)")
    (tmp_path / "thesis.tex").write_bytes(b"years of work")
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 10 + MARK)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    for file in before:
        with pytest.raises(StudioError, match=r"is a file of another kind\. It was not changed"):
            put(file)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_what_only_has_a_name_like_ours_stays(tmp_path):
    download = tmp_path / ".report.md.part"
    download.write_bytes(b"half a download")
    put(tmp_path / "report.md")
    assert download.read_bytes() == b"half a download"


def test_a_link_stays_one(tmp_path):
    real, link = tmp_path / "real" / "report.md", tmp_path / "report.md"
    real.parent.mkdir()
    link.symlink_to(real)
    for content in (b"# Mine", b"# Mine too"):
        put(link, content)
        assert link.is_symlink() and real.read_bytes() == content
    real.write_bytes(b"years of work")
    with pytest.raises(StudioError, match="another kind"):
        put(link)
    assert real.read_bytes() == b"years of work"


def test_a_failure_leaves_what_was_there(tmp_path):
    path = tmp_path / "report.md"
    put(path)
    with pytest.raises(KeyError), written_file(path, MARK) as part:
        part.write_bytes(b"half")
        raise KeyError
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == {path: MARK}


@pytest.mark.parametrize("where", ["no/where.md", "file/report.md", "folder", "loop", "n" * 300])
def test_where_there_can_be_no_file(tmp_path, where):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    if sys.platform != "win32":
        (tmp_path / "loop").symlink_to(tmp_path / "loop")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(StudioError):
        put(tmp_path / where)
    assert sorted(tmp_path.iterdir()) == before
