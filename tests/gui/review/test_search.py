"""Finding prompts: every condition, every order, the search; and what is shown where nothing is found."""

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QInputDialog, QProgressDialog, QPushButton

from orbench_studio.domain.review.query import parse
from orbench_studio.domain.review.queue import Field
from orbench_studio.gui.review.condition_names import ALWAYS, MORE
from orbench_studio.gui.review.facet_row import Chip
from orbench_studio.gui.review.page import State
from tests.gui.conftest import outside

PROMPTS = 70


def open_menu(studio, field):
    """Open a condition's chip as a user does, and give what it offers."""
    studio.page.finder.facets.open(field)
    studio.wait(lambda: QApplication.activePopupWidget() is not None)
    return QApplication.activePopupWidget()


def choose(studio, field, words):
    menu = open_menu(studio, field)
    [action] = [a for a in menu.actions() if a.text().partition("\t")[0] == words]
    action.trigger()
    menu.close()


def test_each_facet_value_matches_as_many_prompts_as_its_count(start, path):
    with start(path) as studio:
        for field in (*ALWAYS, *MORE):
            menu = open_menu(studio, field)
            offered = [a.text().partition("\t") for a in menu.actions() if "\t" in a.text()]
            menu.close()
            for words, _, count in offered:
                choose(studio, field, words)
                tip = f"the filter: {count} of {PROMPTS}" if int(count) < PROMPTS else f"workspace: {PROMPTS}"
                studio.wait(lambda tip=tip: tip in studio.page.finder.bar.progress.toolTip(), f"{field}: {tip}")
                assert len(studio.page.model.ids()) == int(count), field
            studio.page.finder.bar.ask(parse(""))
            studio.wait(lambda: len(studio.page.model.ids()) == PROMPTS)


def test_conditions_are_combined_excluded_and_removed(start, path):
    with start(path) as studio:
        bar = studio.page.finder.bar
        choose(studio, Field.CATEGORY, "privacy")
        choose(studio, Field.REFUSED, "1 or more models")
        assert bar.search.text() == "category:privacy refused:>=1"
        choose(studio, Field.CATEGORY, "Exclude instead")
        assert bar.search.text() == "-category:privacy refused:>=1"
        chip = studio.page.finder.facets.findChild(Chip, Field.CATEGORY)
        assert chip.accessibleName() == "Category: not privacy"
        QTest.keyClick(chip, Qt.Key.Key_Delete)
        assert bar.search.text() == "refused:>=1"


def test_an_invalid_query_shows_an_error_and_keeps_the_queue(start, path):
    with start(path) as studio:
        bar = studio.page.finder.bar
        studio.key(Qt.Key.Key_Slash)
        QTest.keyClicks(bar.search, "catgory:privacy")
        studio.wait(lambda: bar._fault.text().startswith("▲"))
        assert "Did you mean “category:”" in bar.search.accessibleDescription()
        assert len(studio.page.model.ids()) == PROMPTS
        bar.search.clear()
        QTest.keyClicks(bar.search, "category:privacy")
        studio.wait(lambda: len(studio.page.model.ids()) == PROMPTS // 5)
        assert bar.search.accessibleDescription() == ""


def test_conditions_and_values_are_completed_from_the_data(start, path):
    with start(path) as studio:
        line = studio.page.finder.bar.search
        offered = studio.page.finder.bar.completion
        studio.key(Qt.Key.Key_Slash)
        QTest.keyClicks(line, "-ref")
        assert [offered.item(row).text() for row in range(offered.count())] == ["refused:"]
        QTest.keyClick(line, Qt.Key.Key_Down)
        QTest.keyClick(line, Qt.Key.Key_Return)
        assert line.text() == "-refused:"
        QTest.keyClicks(line, "mod")
        studio.wait(lambda: offered.isVisible() and offered.count() == 2)
        QTest.keyClick(line, Qt.Key.Key_Down)
        QTest.keyClick(line, Qt.Key.Key_Tab)
        assert line.text() == "-refused:model-a "
        studio.wait(lambda: 0 < len(studio.page.model.ids()) < PROMPTS)


def test_three_conditions_are_typed_saved_and_found_again_after_a_restart(start, path):
    query = "category:privacy,illegal refused:>=1 -reviewed"
    with start(path) as studio:
        studio.key(Qt.Key.Key_Slash)
        QTest.keyClicks(studio.page.finder.bar.search, query)
        studio.wait(lambda: 0 < len(studio.page.model.ids()) < PROMPTS)
        found = list(studio.page.model.ids())
        QTest.keyClick(studio.page.finder.bar.search, Qt.Key.Key_Return)
        studio.key(Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
        studio.wait(lambda: studio.window.findChild(QInputDialog) is not None)
        dialog = studio.window.findChild(QInputDialog)
        dialog.setTextValue("Hard & private")
        dialog.accept()
        studio.wait(lambda: "Hard & private" in studio.message())
    with start(path) as studio:
        assert list(studio.page.model.ids()) == found, "the filter of the workspace"
        studio.key(Qt.Key.Key_Escape)
        studio.wait(lambda: len(studio.page.model.ids()) == PROMPTS)
        studio.key(Qt.Key.Key_V)
        studio.wait(lambda: QApplication.activePopupWidget() is not None)
        QTest.keyClick(QApplication.activePopupWidget(), Qt.Key.Key_1)
        studio.wait(lambda: list(studio.page.model.ids()) == found)
        assert studio.page.finder.bar.search.text() == "category:privacy,illegal refused:>=1 -status:decided"


def test_the_search_takes_words_as_they_are(start, path):
    with start(path) as studio:
        for words, count in (("number 17", 1), ("STRANGER", 70), ('" OR *', 0), ("%", 0), ("7 so", 7)):
            studio.key(Qt.Key.Key_Slash)
            QTest.keyClicks(studio.page.finder.bar.search, words)
            studio.wait(lambda count=count: len(studio.page.model.ids()) == count, words)
            state = State.SHOWN if count else State.EMPTY
            studio.wait(lambda state=state: studio.page.state is state, words)
            studio.key(Qt.Key.Key_Escape)
            studio.wait(lambda: len(studio.page.model.ids()) == 70, words)
            assert studio.page.queue.focusProxy().hasFocus(), words


def test_a_filter_cleared_by_mistake_comes_back(start, path):
    with start(path) as studio:
        studio.page.finder.bar.ask(parse("category:privacy"))
        studio.wait(lambda: 0 < len(studio.page.model.ids()) < PROMPTS)
        found = list(studio.page.model.ids())
        studio.key(Qt.Key.Key_Escape)
        studio.wait(lambda: len(studio.page.model.ids()) == PROMPTS)
        assert "Press Esc to restore it" in studio.message()
        studio.key(Qt.Key.Key_Escape)
        studio.wait(lambda: list(studio.page.model.ids()) == found)
        assert studio.message() == "Filter restored"
        studio.page.finder.bar.out.click()
        studio.wait(lambda: len(studio.page.model.ids()) == PROMPTS)
        for linked in ("id:3-5 sort:refusals", "sort:random:7 id:3-5"):  # the order that came with the conditions
            studio.page.show_filter(parse(linked))
            studio.key(Qt.Key.Key_Escape)
            assert studio.page.finder.current == parse("")
        studio.page.finder.bar.ask(parse("sort:disagreement"))
        studio.page.show_filter(parse(linked))
        studio.key(Qt.Key.Key_Escape)
        assert studio.page.finder.current == parse("sort:disagreement"), "the user chose this order"
        studio.page.finder.bar.ask(parse("number"))
        studio.page.finder.bar.ask(parse(""))
        studio.key(Qt.Key.Key_Escape)
        assert studio.page.finder.current.is_open, "what was asked for meanwhile is not undone"


def test_words_keep_the_order(start, path):
    with start(path) as studio:
        bar = studio.page.finder.bar
        bar.ask(parse("sort:random:7"))
        studio.wait(lambda: studio.page.model.ids()[0] != 1 and studio.page.state is State.SHOWN)
        shuffled = list(studio.page.model.ids())
        studio.key(Qt.Key.Key_Slash)
        QTest.keyClicks(bar.search, "number 1")  # in place of all that is selected
        studio.wait(lambda: 1 < len(studio.page.model.ids()) < PROMPTS)
        matches = set(studio.page.model.ids())
        assert list(studio.page.model.ids()) == [of for of in shuffled if of in matches]
        assert bar.search.text() == "number 1 sort:random:7"
        QTest.keyClicks(bar.search, "1")
        studio.wait(lambda: 0 < len(studio.page.model.ids()) < len(matches))
        assert bar.search.text() == "number 11 sort:random:7"
        bar.search.selectAll()
        QTest.keyClick(bar.search, Qt.Key.Key_Delete)
        studio.wait(lambda: list(studio.page.model.ids()) == shuffled)
        bar.search.clear()
        bar.search.textEdited.emit("")
        studio.wait(lambda: studio.page.model.ids()[0] == 1)


def test_responses_are_searched_with_and_without_an_index(start, path):
    with start(path) as studio:
        studio.page.finder.bar.ask(parse('response:"answers 17:"'))
        studio.wait(lambda: list(studio.page.model.ids()) == [18])
        studio.window.actions_table["index_responses"].trigger()
        studio.wait(lambda: "index of responses is ready" in studio.message())
        studio.wait(lambda: not studio.window.findChildren(QProgressDialog))
        studio.page.finder.bar.ask(parse('response:"answers 18:"'))
        studio.wait(lambda: list(studio.page.model.ids()) == [19])


def test_it_goes_on_where_it_was_left(start, path):
    with start(path) as studio:
        studio.page.queue.go(33)
        studio.wait(lambda: studio.page.state is State.SHOWN and studio.shown() == 34)
    with start(path) as studio:
        assert studio.shown() == 34
        studio.key(Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
        studio.wait(lambda: studio.shown() == 1)


def test_the_list_and_the_page_show_the_same_prompt_after_ctrl_and_an_arrow(start, path, labels):
    with start(path) as studio:
        studio.press(Qt.Key.Key_S)
        queue, ctrl = studio.page.queue.focusProxy(), Qt.KeyboardModifier.ControlModifier
        for key, shown in ((Qt.Key.Key_End, 70), (Qt.Key.Key_Home, 2)):  # the first undecided one, not the first
            QTest.keyClick(queue, key, ctrl)
            studio.wait(lambda shown=shown: studio.shown() == shown and studio.page.state is State.SHOWN)
            assert [index.row() for index in queue.selectionModel().selectedRows()] == [shown - 1]


def test_nothing_is_cut_off_at_any_width(start, path):
    with start(path) as studio:
        for width in (900, 1024, 1099, 1100, 1920):
            studio.window.resize(width, 700)
            check_width(studio, width)


def check_width(studio, width):
    """Wait until the window has settled: the list goes away in answer to the new width."""
    studio.wait(lambda: studio.page.width() <= width - 60 and studio.window.minimumSizeHint().width() <= width)
    studio.wait(lambda: studio.window.width() == width)
    studio.wait(lambda: studio.page.queue.isVisible() == (studio.page.width() >= 1100))
    studio.wait(lambda: not outside(studio.window, [studio.page.responses]))


def test_a_filter_without_matches_offers_to_drop_each_condition(start, path):
    with start(path) as studio:
        studio.page.finder.bar.ask(parse("category:privacy -category:privacy consensus:safe"))
        offers = studio.page.panes.empty
        studio.wait(lambda: studio.page.state is State.EMPTY and offers.findChildren(QPushButton)[-1].isVisible())
        studio.wait(lambda: len([b for b in offers.findChildren(QPushButton) if "Without" in b.text()]) == 3)
        texts = {b.text(): b for b in offers.findChildren(QPushButton) if "Without" in b.text()}
        assert [text.rpartition(": ")[2] for text in texts] == ["56 prompts", "13 prompts", "0 prompts"]
        assert [button.isEnabled() for button in texts.values()] == [True, True, False]
        next(iter(texts.values())).click()
        studio.wait(lambda: len(studio.page.model.ids()) == 56)
