"""Frames that are read from a file in blocks have the rows that reading row by row gives."""

import sqlite3
from contextlib import closing

import pytest

from orbench_studio.errors import WorkspaceError
from orbench_studio.services.data import frames
from orbench_studio.services.data.demo import demo_workspace
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.store.data import frame_blocks
from orbench_studio.store.data import frames as stored

TEXTS = ["", "é 字 😀", "two\nlines", "a\0b", 'a "quoted", text', None]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    file = tmp_path_factory.mktemp("blocks") / "demo.orbench"
    demo_workspace(file).close()
    with closing(sqlite3.connect(file)) as db, db:
        for number, text in enumerate(TEXTS * 3, start=1):
            db.execute("UPDATE responses SET reasoning = ?, reasoning_tokens = ? WHERE id = ?", (text, number, number))
        db.execute("UPDATE responses SET text = ? WHERE id = 5", (TEXTS[1],))
    return file


@pytest.mark.parametrize("rows", [7, 10_000])
@pytest.mark.parametrize("query", ["", "refused:>=2", "id:999999"])
def test_blocks_have_the_rows_of_reading_row_by_row(path, monkeypatch, rows, query):
    monkeypatch.setattr(frame_blocks, "ROWS", rows)
    names = [name for name, frame in stored.FRAMES.items() if frame.is_large]
    with open_workspace(path) as workspace:
        in_blocks = [frames.read_frame(workspace, name, query) for name in names]
        monkeypatch.setattr(stored, "is_server", lambda _db: True)
        by_row = [frames.read_frame(workspace, name, query) for name in names]
    for one, other in zip(in_blocks, by_row, strict=True):
        assert one.schema == other.schema
        assert one.to_pylist() == other.to_pylist()
    assert any(one.num_rows for one in in_blocks) == (query != "id:999999")


@pytest.mark.parametrize(
    "change", ["text = CAST(x'ff41' AS TEXT)", "source_line = 'seven'", "source_line = '1' || char(10) || '2'"]
)
def test_a_value_that_cannot_be_read_is_named(path, tmp_path, change):
    other = tmp_path / "other.orbench"
    other.write_bytes(path.read_bytes())
    with closing(sqlite3.connect(other)) as db, db:
        db.execute(f"UPDATE responses SET {change} WHERE id = 3")  # noqa: S608 - our own SQL
    with open_workspace(other) as workspace, pytest.raises(WorkspaceError, match="responses"):
        frames.read_frame(workspace, "responses")
