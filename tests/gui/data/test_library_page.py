"""The library page: counts as bars that open their prompts, labels by day, files and journal."""

from PySide6.QtCore import Qt

from orbench_studio.domain.review.query import write
from orbench_studio.gui.data.library_page import _title
from tests.gui.conftest import PROMPTS

CTRL = Qt.KeyboardModifier.ControlModifier


def lines(table):
    rows = table.rows
    return [
        tuple(rows.index(row, column).data() for column in range(rows.columnCount())) for row in range(rows.rowCount())
    ]


def test_bars_open_their_prompts_and_follow_decisions(start, path):
    with start(path) as studio:
        for key in (Qt.Key.Key_S, Qt.Key.Key_T):
            studio.press(key)
        studio.key(Qt.Key.Key_2, CTRL)
        page = studio.window.library
        studio.wait(
            lambda: dict(lines(page.bars["prompts_by_status"])) == {"decided": "2", "undecided": f"{PROMPTS - 2}"}
        )
        assert ("violence", "14") in lines(page.bars["prompts_by_category"])
        [(day, count)] = lines(page.days)
        assert (len(day), count) == (10, "2")
        assert len(lines(page.sources)) == 6
        assert [line[2] for line in lines(page.journal)] == ["#2 undecided → toxic", "#1 undecided → safe"]
        classes = page.bars["responses_by_answer_class"]
        assert [name for name, _ in lines(classes)][:2] == ["direct answer", "direct refusal"]
        assert _title("responses_by_answer_class", "error") == "request failed", "an error is no class of answers"
        categories = page.bars["prompts_by_category"]
        [review] = categories.entries("violence", 1)
        review.run()
        studio.wait(lambda: write(studio.page.finder.current) == "category:violence")
        studio.wait(lambda: len(studio.page.model.ids()) == 14)
        assert studio.page.isVisible()
