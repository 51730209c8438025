"""The table of all pages: sorting, keys that stay selected, widths, order of columns, copies with column names."""

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QApplication, QMenu, QStyleOptionViewItem

from orbench_studio.gui.common.live_table import Column, Rows, Table
from orbench_studio.gui.common.menus import Command
from orbench_studio.gui.common.remembered import Remembered
from orbench_studio.gui.common.text_table import TextTable, table_of
from orbench_studio.gui.common.widgets import scrolled
from orbench_studio.gui.data.low_table import LowTable
from tests.gui.clipping import clipped

COLUMNS = (Column("Model", 80, 1), Column("Rate", 60, number=True))
ROWS = [("model-10", "9.5 % (1–12)"), ("Model-2", "31 %"), ("model-1", "–"), ("mödel\tx", "1,204 %")]
KEYS = ["d", "b", "a", "c"]


def shown(rows):
    return [rows.index(place, 0).data() for place in range(rows.rowCount())]


@pytest.fixture
def table(qtbot, monkeypatch):
    monkeypatch.setattr(Remembered, "panes", {})
    made = Table("Rates", COLUMNS)
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.show_rows(KEYS, ROWS)
    made.show()
    return made


def test_a_click_on_a_column_name_sorts_and_the_selected_row_stays(table):
    tester = QAbstractItemModelTester(table.rows, QAbstractItemModelTester.FailureReportingMode.Fatal)
    table.choose("b")
    header = table.horizontalHeader()

    def click(column):
        at = QPoint(header.sectionViewportPosition(column) + 20, header.height() // 2)
        QTest.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=at)
        return table.rows.keys

    assert click(0) == ["a", "b", "d", "c"]
    assert click(1) == ["d", "b", "c", "a"]  # by value; a row without a number is last
    assert click(1) == ["c", "b", "d", "a"]
    table.show_rows(KEYS, [*ROWS[:3], ("model-3", "0 %")])
    assert table.rows.keys == ["c", "b", "d", "a"]  # rows do not move while their values change
    table.show_rows([*KEYS, "e"], [*ROWS, ("new", "40 %")])
    assert table.rows.keys == ["c", "e", "b", "d", "a"]
    assert click(1) == [*KEYS, "e"]
    assert table.current() == "b"
    assert tester.model() is table.rows


def selected(view):
    return {(index.row(), index.column()) for index in view.selectedIndexes()}


def test_the_selection_stays_in_its_row_when_the_table_is_sorted(table, qtbot):
    texts = table_of(TextTable("T", ("Model", "n"), (("north", "12"), ("east", "3"), ("south", "1"))))
    qtbot.addWidget(texts)
    for view, key in ((table, "a"), (texts.findChild(Table), 1)):
        view.choose(key)
        for column, order in ((0, Qt.SortOrder.AscendingOrder), (1, Qt.SortOrder.DescendingOrder)):
            view.sortByColumn(column, order)
            assert selected(view) == {(view.rows.keys.index(key), 0), (view.rows.keys.index(key), 1)}
            assert view.current() == key


def test_widths_order_and_sorting_of_columns_are_the_users(table, qtbot):
    header = table.horizontalHeader()
    header.resizeSection(0, 123)
    header.moveSection(0, 1)
    table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    table.resize(700, 300)
    assert (table.columnWidth(0), header.visualIndex(0)) == (123, 1)
    table.choose("c")
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "Rate\tModel\n1,204 %\tmödel x"
    later = Table(table.accessibleName(), table.rows.columns)
    qtbot.addWidget(later)
    later.resize(700, 300)
    assert (later.columnWidth(0), later.horizontalHeader().visualIndex(0)) == (123, 1)
    later.show_rows(KEYS, ROWS)
    assert later.rows.keys == table.rows.keys == ["c", "b", "d", "a"]
    later.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
    unsorted = Table(table.accessibleName(), table.rows.columns)
    qtbot.addWidget(unsorted)
    unsorted.show_rows(KEYS, ROWS)
    assert unsorted.rows.keys == KEYS
    changed = Table(table.accessibleName(), table.rows.columns[:1])
    qtbot.addWidget(changed)
    assert changed.horizontalHeader().visualIndex(0) == 0


def test_the_context_menu_of_a_row(table):
    ran = []
    table.entries = lambda key, column: [Command("Review", lambda: ran.append((key, column)))]
    table.customContextMenuRequested.emit(table.visualRect(table.rows.index(1, 1)).center())
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    named = {action.text(): action for action in menu.actions()}
    named["Review"].trigger()
    assert ran == [("b", 1)]
    named["Copy cell"].trigger()
    assert QGuiApplication.clipboard().text() == "31 %"
    named["Copy table with column names"].trigger()
    assert QGuiApplication.clipboard().text().splitlines()[::4] == ["Model\tRate", "mödel x\t1,204 %"]
    menu.close()


def test_narrow_columns_do_not_make_the_table_wider_than_its_room(qtbot):
    narrow = Table("Narrow", (Column("Name", 90, 1), Column("n", 10, number=True)))
    qtbot.addWidget(narrow)
    narrow.resize(400, 200)
    narrow.show()
    narrow.show_rows(["a"], [("a", "1")])
    assert sum(map(narrow.columnWidth, range(2))) == narrow.viewport().width()


def test_column_names_wrap_only_where_the_columns_do_not_fit_and_a_number_is_never_cut(qtbot, monkeypatch):
    monkeypatch.setattr(Remembered, "panes", {})
    table = Table("Judges", (Column("Judge", 80, 1), Column("Agreement (refusal or answer)", 60, number=True)))
    qtbot.addWidget(table)
    table.show_rows(["a"], [("rules", "89 % (82–94)")])
    for width, name in (
        (400, "Agreement (refusal or answer)"),
        (210, "Agreement\n(refusal or\nanswer)"),
        (400, "Agreement (refusal or answer)"),
    ):
        table.resize(width, 200)
        table.show()
        QApplication.processEvents()
        assert table.rows.headerData(1, Qt.Orientation.Horizontal) == name
        assert table.columnWidth(1) >= table.sizeHintForColumn(1)
        assert table.horizontalHeader().height() == table.horizontalHeader().sizeHint().height()
    option = QStyleOptionViewItem()
    for width, shown in ((300, "89 % (82–94)"), (40, "…")):
        option.rect = QRect(0, 0, width, 30)
        table.itemDelegateForColumn(1).initStyleOption(option, table.rows.index(0, 1))
        assert option.text == shown


def test_the_horizontal_scroll_bar_stays_in_the_part_of_a_table_that_its_page_shows(qtbot):
    names = ("Judge", *(f"Rate {place}" for place in range(9)))
    made = table_of(TextTable("T", names, tuple(("x", *["91 % (81–96)"] * 9) for _ in range(40))))
    area = scrolled(made)
    qtbot.addWidget(area)
    area.resize(400, 300)
    area.show()
    view = made.findChild(Table)
    bar = view.horizontalScrollBar()
    for at in (0, 200, area.verticalScrollBar().maximum()):
        area.verticalScrollBar().setValue(at)
        qtbot.waitUntil(
            lambda: area.viewport().rect().contains(QRect(bar.mapTo(area.viewport(), QPoint()), bar.size()))
        )
        assert clipped(area) == []


def test_a_text_table_is_as_high_as_its_rows(qtbot):
    rows = (("north", "12"), ("  b", "3"), ("  c", "—"), ("  a", "9"), ("south", "20"), ("  d", "20"))
    made = table_of(TextTable("T", ("Model", "n"), rows, tips=("", "Number")))
    qtbot.addWidget(made)
    view = made.findChild(Table)
    assert shown(view.rows) == ["north", "  b", "  c", "  a", "south", "  d"]
    view.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    assert shown(view.rows) == ["south", "  d", "north", "  a", "  b", "  c"], "indented rows belong to the row above"
    assert view.rows.headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole) == "Number"
    assert view.height() == view.sizeHint().height()
    assert isinstance(view.rows, Rows)


def test_a_text_without_a_share_is_whole_where_there_is_room(qtbot, monkeypatch):
    monkeypatch.setattr(Remembered, "panes", {})
    table = Table("Batches", (Column("Name", 80, 1), Column("Status", 60)))
    qtbot.addWidget(table)
    table.show_rows(["a"], [("a name", "waiting for a worker")])
    table.resize(600, 200)
    table.show()
    assert table.columnWidth(1) >= table.sizeHintForColumn(1)
    table.resize(160, 200)
    assert table.columnWidth(1) < table.sizeHintForColumn(1)


def test_home_and_end_go_to_the_first_and_last_row_of_an_import(qtbot):
    low = LowTable(2)
    qtbot.addWidget(low)
    low.setRowCount(4)
    for key, expected in ((Qt.Key.Key_End, 3), (Qt.Key.Key_Home, 0)):
        low.setCurrentCell(1, 1)
        QTest.keyClick(low, key)
        assert (low.currentRow(), low.currentColumn()) == (expected, 1)


def test_home_and_end_go_to_the_first_and_last_row(table):
    table.choose("b")
    for key, expected in ((Qt.Key.Key_End, "c"), (Qt.Key.Key_Home, "d")):
        QTest.keyClick(table, key)
        assert table.current() == expected
