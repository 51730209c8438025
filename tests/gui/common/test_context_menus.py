"""Context menus of prompts, responses, cells, files and recent workspaces; what a page offers, and the guide."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QToolButton

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.query import write
from orbench_studio.gui.audit.rate_cells import category_title
from orbench_studio.gui.common.guide import GuideDialog
from orbench_studio.gui.review.page import State

S = Qt.Key.Key_S
CTRL = Qt.KeyboardModifier.ControlModifier


def context_menu(studio, widget, at=QPoint(5, 5)):  # noqa: B008 - never changed
    """The entries of the menu that a right click opens, by their texts."""
    viewport = getattr(widget, "viewport", lambda: widget)()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, viewport.mapToGlobal(at))
    QApplication.sendEvent(viewport, event)
    studio.wait(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    menu.close()  # as a click on an entry does, before the entry runs
    return {action.text(): action for action in menu.actions() if action.text()}


def test_context_menus_of_prompts_responses_texts_and_cells(start, path):
    clipboard = QApplication.clipboard()
    with start(path) as studio:
        page, window = studio.page, studio.window
        row = context_menu(studio, page.queue.focusProxy())
        assert {"Safe", "Change label…", "Flag", "Prompt history"} <= row.keys()
        row["Copy prompt"].trigger()
        assert clipboard.text() == page.view.prompt.text
        row["Safe"].trigger()
        studio.wait(lambda: page.state is State.SHOWN and studio.shown() == 2)
        response = context_menu(studio, page.responses.list)
        response["Copy model name"].trigger()
        assert clipboard.text() == page.responses.focused().response.model
        response["Direct refusal"].trigger()
        studio.wait(lambda: page.state is State.SHOWN and page.view.responses[0].decided)
        text = page.responses.readings.focused.text
        context_menu(studio, text)["Copy all"].trigger()
        assert clipboard.text() == page.responses.focused().response.text
        context_menu(studio, page.prompt._text)["Flag"].trigger()
        studio.wait(
            lambda: (
                page.state is State.SHOWN
                and page.view.last_by(studio.application.session.annotator, Aspect.FLAG) == "on"
            )
        )
        window.actions_table["page_audit"].trigger()
        studio.wait(lambda: window.audit.audit is not None)
        heat = window.audit.map
        cell = context_menu(studio, heat, heat.visualRect(heat.cells.index(1, 1)).center())
        cell["Copy table with column names"].trigger()
        assert clipboard.text().splitlines()[0].split("\t") == ["Model", *map(category_title, heat.cells.columns)]
        assert [line.split("\t")[0] for line in clipboard.text().splitlines()[1:]] == heat.cells.models
        cell[f"Sort models by “{heat.cells.columns[1]}”"].trigger()
        assert heat.cells.sorted_by == heat.cells.columns[1]
        assert heat.cells.headerData(1, Qt.Orientation.Horizontal).endswith(" ▾")
        heat.setCurrentIndex(heat.cells.index(0, 2))
        at = heat.rect().center()
        by_key = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, at, heat.mapToGlobal(at))
        QApplication.sendEvent(heat, by_key)
        menu = QApplication.activePopupWidget()
        assert menu.actions()[1].text() == f"Sort models by “{heat.cells.columns[2]}”", (
            "the current cell, by the menu key"
        )
        menu.close()
        cell["Open these prompts"].trigger()
        studio.wait(page.isVisible)


def test_files_open_their_prompts_and_recent_workspaces_leave_the_list(start, path):
    with start(path) as studio:
        studio.press(S)
        [undo] = [button for button in studio.window.messages.findChildren(QToolButton) if "undo" in button.text()]
        assert undo.isVisible()
        studio.key(Qt.Key.Key_2, CTRL)
        assert not undo.isVisible(), "it does nothing on this page"
        files = studio.window.library.sources
        studio.wait(lambda: files.rows.rowCount() > 1)
        name = files.rows.keys[0]
        files.opened.emit(name, 0)
        studio.wait(lambda: write(studio.page.finder.current) == f"source:{name}")
        studio.wait(lambda: studio.page.state is State.SHOWN)
        studio.key(Qt.Key.Key_F1)
        [guide] = studio.window.findChildren(GuideDialog)
        assert guide.text.toPlainText().startswith("Review\nThe Review page shows")
        QTest.keyClicks(guide.search, "half price")
        assert guide.pages.currentItem().text() == "Evaluate"
        assert guide.text.textCursor().selectedText().lower() == "half price"
        guide.close()
    with start() as studio:
        [button] = [one for one in studio.window.welcome.findChildren(QPushButton) if path.stem in one.text()]
        context_menu(studio, button)["Remove from this list"].trigger()
        studio.wait(lambda: studio.window.welcome.recent() == [])
        assert path.exists()
