"""A workspace that others have damaged, in the window: a sentence that names what is wrong, and no crash."""

import sqlite3
from contextlib import closing

import pytest


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE prompts SET text = CAST(x'63e9' AS TEXT) WHERE id = 1", "prompts row 1: text"),
        ("CREATE TRIGGER turns AFTER INSERT ON annotations BEGIN DELETE FROM votes; END", "was not opened"),
        ("UPDATE votes SET verdict = 'pink'", "votes row 1: verdict 'pink'"),
        ("UPDATE responses SET stop_reason = 'colour'", "responses row 1: stop_reason 'colour'"),
    ],
)
def test_a_row_that_cannot_be_read_is_named(start, path, change, named):
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(change)
    with start() as studio:
        studio.application.open(path)
        studio.wait(lambda: named in studio.message())
