"""For every eye and every hand: names for screen readers, contrast, sizes of type, both schemes, small windows."""

import re
from collections import Counter

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAccessible, QColor, QImage
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QListView,
    QPlainTextEdit,
    QRadioButton,
    QScrollBar,
    QTableView,
    QTextEdit,
    QTreeView,
    QWidget,
)

from orbench_studio.colours import DARK, LIGHT
from orbench_studio.gui.common import theme
from orbench_studio.gui.common.actions import ACTIONS
from orbench_studio.gui.common.page_stack import PAGES
from orbench_studio.gui.review.responses_pane import ResponsesModel
from orbench_studio.resources_dir import resources
from orbench_studio.services.review import prompt_review
from orbench_studio.services.workspace.workspace import open_workspace
from tests.gui.clipping import clipped
from tests.gui.conftest import outside


def colours(picture: QImage) -> Counter:
    pixels = memoryview(picture.convertToFormat(QImage.Format.Format_RGB32).constBits()).cast("I")
    return Counter(f"#{pixel & 0xFFFFFF:06x}" for pixel in pixels)


def nameless(window):
    """Whatever takes keys and has nothing to say to a screen reader."""
    found = []
    for widget in window.findChildren(QWidget):
        if widget.focusPolicy() is Qt.FocusPolicy.NoFocus or isinstance(widget, QScrollBar):
            continue
        is_empty = isinstance(widget, QLabel) and not widget.text()
        if widget.objectName().startswith("qt_") or widget.window() is not window or is_empty:
            continue
        said = QAccessible.queryAccessibleInterface(widget)
        if widget.isVisible() and not said.text(QAccessible.Text.Name).strip():
            found.append(f"{type(widget).__name__} {widget.objectName()}".strip())
    return found


def unreached(window):
    """Controls that a click can reach and no Tab from where the focus is."""
    first = window.focusWidget() or window
    reached, at = set(), first
    for _ in range(10_000):
        reached.add(at)
        at = at.nextInFocusChain()
        if at is first:
            break
    controls = (QAbstractButton, QLineEdit, QComboBox, QAbstractSpinBox, QTextEdit, QPlainTextEdit, QAbstractItemView)
    found = []
    for control in window.findChildren(QWidget):
        if not isinstance(control, controls) or not control.isVisible() or control.window() is not window:
            continue
        inside = isinstance(control.parent(), QComboBox | QAbstractSpinBox | QTableView | QTreeView)
        if inside or not control.isEnabled() or control.objectName().startswith("qt_"):
            continue
        if not control.focusPolicy() & Qt.FocusPolicy.TabFocus or control not in reached:
            found.append(f"{type(control).__name__} {control.accessibleName() or control.objectName()}")
    return found


def show_a_batch(studio):
    """The evaluate page with everything on it: a model chosen, a judge to be named, a batch with failures."""
    studio.window.show_page("page_evaluate")
    page = studio.window.evaluate
    page.compose.models.add("simulated/failing")
    studio.wait(page.compose.foot.launch.isEnabled)
    page.compose.foot.launch.click()
    studio.wait(page.batch.failures.isVisible)
    page.compose.models.add("simulated/mixed")
    page.compose.prompts.setCurrentIndex(1)
    page.compose.judge.setCurrentIndex(3)


ROLES = {  # what a screen reader calls each kind of widget
    QCheckBox: QAccessible.Role.CheckBox, QRadioButton: QAccessible.Role.RadioButton,
    QComboBox: QAccessible.Role.ComboBox, QAbstractSpinBox: QAccessible.Role.SpinBox,
    QLineEdit: QAccessible.Role.EditableText, QTableView: QAccessible.Role.Table,
    QListView: QAccessible.Role.List, QTreeView: QAccessible.Role.Tree,
}  # fmt: skip
BUTTONS = {
    QAccessible.Role.Button, QAccessible.Role.CheckBox, QAccessible.Role.ButtonMenu, QAccessible.Role.PushButton,
}  # fmt: skip


def misread(window):
    """Widgets whose role or state a screen reader would get wrong."""
    wrong = []
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or widget.objectName().startswith("qt_") or widget.window() is not window:
            continue
        expected = next((role for kind, role in ROLES.items() if isinstance(widget, kind)), None)
        shown = QAccessible.queryAccessibleInterface(widget)
        role, state = shown.role(), shown.state()
        is_button = isinstance(widget, QAbstractButton) and expected is None
        if (expected is not None and role != expected) or (is_button and role not in BUTTONS):
            wrong.append(f"{type(widget).__name__} {widget.accessibleName()} has the role {role}")
        if state.disabled == widget.isEnabled():
            wrong.append(f"{type(widget).__name__} {widget.accessibleName()} has the wrong enabled state")
        if isinstance(widget, QAbstractButton) and widget.isCheckable() and state.checked != widget.isChecked():
            wrong.append(f"{type(widget).__name__} {widget.accessibleName()} has the wrong checked state")
    return wrong


def trapping(window):
    """Tables and trees, also empty and hidden ones, that Tab does not leave."""
    views = [view for view in window.findChildren(QAbstractItemView) if view.focusPolicy() & Qt.FocusPolicy.TabFocus]
    return [f"{type(view).__name__} {view.accessibleName()} traps Tab" for view in views if view.tabKeyNavigation()]


def without_sign(window):
    """The stops of Tab that look the same with the focus as without it."""
    before, unseen = window.focusWidget(), []
    window.activateWindow()
    QApplication.processEvents()
    assert window.isActiveWindow()
    for widget in window.findChildren(QWidget):
        is_stop = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus) and widget.focusProxy() is None
        if not is_stop or not widget.isVisible() or not widget.isEnabled() or widget.window() is not window:
            continue
        widget.clearFocus()  # the page has it, but not by Tab
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        if window.focusWidget() is not widget:
            continue  # a table whose current cell has a widget passes the focus on to it
        focused = widget.grab().toImage()
        widget.clearFocus()
        if widget.grab().toImage() == focused:
            unseen.append(f"{type(widget).__name__} {widget.accessibleName() or widget.objectName()} shows no focus")
    if before is not None:
        before.setFocus()
    return unseen


def faults(window):
    return nameless(window) + unreached(window) + misread(window) + trapping(window) + without_sign(window)


def test_every_page_is_usable_by_keyboard_and_screen_reader(start, path):
    """Names, roles, states and the order of Tab, on all pages of one window."""
    with start(path) as studio:
        window = studio.window
        assert faults(window) == []
        studio.page.reading.handlers()["side_by_side"]()
        window.messages.show_error("an act", "A fault that stays until it is read.")
        assert faults(window) == []
        show_a_batch(studio)
        assert faults(window) == []
        found = {}
        for name, *_ in PAGES:
            window.show_page(name)
            studio.wait(lambda: not studio._is_busy())
            found[name] = faults(window)
            assert not window._pages.currentWidget().property("ring"), "the page shows the focus after Tab only"
        assert {name: wrong for name, wrong in found.items() if wrong} == {}


def test_the_start_page_has_names(start):
    with start() as studio:
        assert faults(studio.window) == []


def test_every_action_has_a_handler(start):
    with start() as studio:
        for spec in ACTIONS:
            action = studio.window.actions_table[spec.name]
            assert action.receivers("2triggered(bool)") > 0, spec.name
        assert not [a for a in studio.window.actions() if a.objectName() not in {spec.name for spec in ACTIONS}]


def luminance(name):
    def linear(part):
        return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

    colour = QColor(name)
    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())


def contrast(one, other):
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_the_colours_of_the_style_sheet_are_readable(tokens):
    """Each rule's own ink on its own ground; a ground that is not stated is the panel or the background."""
    rules = re.findall(r"\{([^{}]*)\}", theme._SHEET.template)
    pairs = set()
    for rule in rules:
        inks = re.findall(r"(?<![-\w])color: \$(\w+)", rule)
        grounds = re.findall(r"background: \$(\w+)", rule) or ["panel", "background"]
        pairs |= {(ink, ground) for ink in inks for ground in grounds}
        pairs |= set(zip(re.findall(r"selection-color: \$(\w+)", rule),
                         re.findall(r"selection-background-color: \$(\w+)", rule), strict=True))  # fmt: skip
    assert len(pairs) > 10
    bad = {pair for pair in pairs if contrast(*(getattr(tokens, name) for name in pair)) < 4.5}
    assert bad == set()
    assert min(contrast(tokens.border, ground) for ground in (tokens.background, tokens.panel)) >= 3, "fields, buttons"


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
def test_the_colours_of_marks_are_readable(tokens):
    for mark in (*theme.LABELS.values(), *theme.VERDICTS.values(), *theme.ANSWERS.values()):
        grounds = [mark.tint] if mark.tint else ["panel", "background", "selection"]
        for ground in grounds:
            assert contrast(getattr(tokens, mark.colour), getattr(tokens, ground)) >= 4.5, (mark.word, ground)
        assert mark.word


@pytest.mark.parametrize(("scheme", "tokens"), [("light", LIGHT), ("dark", DARK)])
def test_the_icons_of_the_style_sheet_have_the_colours_of_the_scheme(scheme, tokens):
    """They are files in the colours of the tokens, since a style sheet cannot tint."""
    strokes = {
        file.stem: re.findall('stroke="([^"]*)"', file.read_text())
        for file in (resources() / "icons" / scheme).iterdir()
    }
    assert strokes == {
        "check": [tokens.panel], "minus": [tokens.panel], "chevron-up": [tokens.quiet], "chevron-down": [tokens.quiet],
    }  # fmt: skip


def test_fonts_have_the_sizes_of_the_scale():
    sizes = {int(size) for size in re.findall(r"font-size: (\d+)px", theme._SHEET.template)}
    assert sizes <= {theme.META, theme.BODY, theme.READING, theme.PROMPT}
    weights = set(re.findall(r"font-weight: (\d+)", theme._SHEET.template))
    assert weights <= {"400", "600"}


def test_a_new_colour_scheme_repaints_every_widget(start, path):
    with start(path) as studio:
        application = studio.application
        for tokens, other in ((LIGHT, DARK), (DARK, LIGHT), (LIGHT, DARK)):
            application.theme.apply(tokens)
            QApplication.processEvents()
            seen = colours(studio.window.grab().toImage())
            assert seen[tokens.background] > 10_000
            assert seen[tokens.panel] > 10_000
            left = {name: seen[getattr(other, name)] for name in ("background", "panel", "selection", "line")}
            assert sum(left.values()) < 1_000, left  # shades of letters; one line of a list has 10,000 dots


def test_the_shortcut_switches_the_colour_scheme_and_saves_it(start, path):
    with start(path) as studio:
        for expected in ("dark", "system", "dark"):  # the system's is light here: light would change nothing
            before = studio.application.theme.tokens
            studio.key(Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
            assert studio.application.session.settings.scheme == expected
            assert studio.application.theme.tokens is not before
        assert studio.application.theme.tokens is DARK
    with start(path) as studio:
        assert studio.application.theme.tokens is DARK
        studio.key(Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
        assert studio.application.session.settings.scheme == "system"


SIZES = {(900, 560): 100, (1024, 700): 100, (1440, 900): 130, (1280, 800): 200, (2560, 1440): 200}  # text in per cent


def test_no_page_is_clipped_at_any_size(start, path):
    with start(path) as studio:
        studio.press(Qt.Key.Key_S)
        pages, window = [name for name, *_ in PAGES], studio.window
        wrong = {}
        for (width, height), percent in SIZES.items():
            studio.application.theme.scale(percent)
            window.resize(width, height)
            for name in pages:
                window.show_page(name)
                studio.wait(lambda: not studio._is_busy())
                if name == "page_review":
                    check_review(studio, wrong, (name, width, percent))
                lay_out()
                wrong[name, width, percent] = clipped(window)
        faults = [f"{where}: {fault}" for where, found in wrong.items() for fault in found]
        assert not faults, "\n".join(faults)


def test_the_rail_shows_all_pages_with_larger_text(start, path):
    with start(path) as studio:
        for percent in (100, 130, 150):
            studio.application.theme.scale(percent)
            studio.window.resize(1024, 700)
            lay_out()
            rail = studio.window.rail
            assert outside(rail._names.viewport(), rail._buttons.values()) == [], percent


def lay_out():
    """Let sizes that depend on other sizes settle."""
    for _ in range(5):
        QApplication.processEvents()


def check_review(studio, wrong, where):
    """The review page with the queue open, and how it is arranged."""
    page = studio.page
    studio.wait(lambda: page.queue.isHidden() == (page.width() < theme.px(1100)))
    beside = page.panes.texts.width() >= theme.px(1200)
    assert (page.responses.readings.y() == 0) == beside
    assert page.queue._list.rowHeight(0) >= theme.px(58)
    if page.queue.isHidden():
        page.panes.toggle_queue()
        lay_out()
        wrong[*where, "queue"] = clipped(studio.window)
        page.panes.toggle_queue()


def test_the_responses_model_keeps_qt_s_rules(qapp, path):
    model = ResponsesModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    with open_workspace(path) as workspace:
        for views in (prompt_review.load(workspace, 1).responses, (), prompt_review.load(workspace, 2).responses[:1]):
            model.show(views)
            assert [model.index(place).data() for place in range(model.rowCount())] == [
                f"{v.response.model}: {theme.ANSWERS[v.final.answer_class].word}, by {v.response.judgements[0].judge}"
                for v in views
            ]
    assert isinstance(tester, QObject)
