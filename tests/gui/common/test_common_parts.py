"""Common parts of the window: the action table, contrast, the queue model, hostile texts."""

import sys
from dataclasses import replace

import pytest
from PySide6.QtGui import QColor, QKeySequence
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton, QWidget

from orbench_studio.colours import DARK, LIGHT
from orbench_studio.domain.core.annotation import Basis, Label
from orbench_studio.domain.core.judgement import AnswerClass, FinalAnswer, JudgeKind, Judgement
from orbench_studio.domain.core.moderation import Veto
from orbench_studio.domain.core.response import Response
from orbench_studio.domain.review.decision import ResponseView
from orbench_studio.domain.review.query import parse
from orbench_studio.domain.review.queue import QueueRow, Status
from orbench_studio.gui.common.actions import ACTIONS
from orbench_studio.gui.common.elided_label import FoldingLabel
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.progress_strip import ProgressStrip
from orbench_studio.gui.common.text_pane import TextPane, Type
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.review.prompt_pane import PromptPane
from orbench_studio.gui.review.queue_model import QueueModel
from orbench_studio.gui.review.queue_view import explained
from orbench_studio.gui.review.responses_pane import glance
from orbench_studio.services.review import search
from orbench_studio.services.workspace.workspace import open_workspace

HOSTILE = (
    "<script>alert(1)</script><img src='file:///etc/passwd'><b>bold</b>",
    "مرحبا (worker-7) <a href='http://127.0.0.1/'>link</a>",
    "👩‍👩‍👧‍👦 family \U0001f3f4 then text",
    "a" * 100_000,
    "one\rtwo\u2028three\u2029four\0five",
    "\n".join(f"line {n}" for n in range(5_000)),
)


def test_action_names_and_shortcuts_are_unique():
    assert len({spec.name for spec in ACTIONS}) == len(ACTIONS)
    keys = [QKeySequence(key).toString() for spec in ACTIONS for key in spec.keys]
    assert len(set(keys)) == len(keys)
    assert all(keys)


def test_decisions_do_not_repeat_while_a_key_is_held():
    assert not any(spec.repeats for spec in ACTIONS if spec.group == "Label" and spec.name not in ("undo", "redo"))


def luminance(name):
    def linear(part):
        return part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4

    colour = QColor(name)
    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())


@pytest.mark.parametrize("tokens", [LIGHT, DARK])
def test_text_colours_are_readable(tokens):
    plain = [(ink, on) for ink in ("ink", "quiet", "faint", "accent") for on in ("background", "panel")]
    tinted = [(name, f"{name}_tint") for name in ("safe", "toxic", "amber", "indirect")]
    more = [("ink", "evidence"), ("ink", "selection"), ("quiet", "selection"), ("safe", "panel"), ("toxic", "panel")]
    for ink, on in plain + tinted + more:
        light, dark = sorted((luminance(getattr(tokens, ink)), luminance(getattr(tokens, on))), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, f"{ink} on {on}"


def test_the_queue_model_keeps_qt_s_rules(qapp, path):
    model = QueueModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    with open_workspace(path) as workspace:
        model.wanted.connect(lambda ids: model.put(search.queue_rows(workspace, ids)))
        for text in ("", "number 1", "nothing like it"):
            model.reset(search.queue_of(workspace, parse(text)).ids)
            for place in range(model.rowCount()):
                assert model.index(place).data() is None or model.index(place).data()
    assert tester.model() is model


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_unchanged(qtbot, qapp, text):
    pane = TextPane(Theme(qapp), Type(15, 24))
    qtbot.addWidget(pane)
    pane.show_text(text, (0, 3))
    shown = pane.toPlainText()
    assert len(shown) == len(text)
    replaced = {"\r": "\n", "\u2028": "\n", "\u2029": "\n", "\0": "\ufffd"}
    assert shown == "".join(replaced.get(letter, letter) for letter in text)


def test_evidence_after_an_emoji_marks_the_evidence(qtbot, qapp):
    theme = Theme(qapp)
    theme.apply(LIGHT)
    pane = TextPane(theme, Type(15, 24))
    qtbot.addWidget(pane)
    text = "👩‍👩‍👧‍👦 so: I cannot help. Bye"
    start = text.index("I cannot")
    pane.show_text(text, (start, start + len("I cannot help.")))
    cursor = pane.textCursor()
    marked = ""
    for place in range(pane.document().characterCount() - 1):
        cursor.setPosition(place)
        cursor.setPosition(place + 1, cursor.MoveMode.KeepAnchor)
        if cursor.charFormat().background().color() == theme.colour("evidence"):
            marked += cursor.selectedText()
    assert marked == "I cannot help."


MARKDOWN = (
    "# Title 👩‍👩‍👧\nSome **bold** words\n\n- an *item*\n\n| a | b |\n|---|---|\n| **c** | d |\n\n"
    "```\n<b>code</b>\n```\n![x](file:///etc/hostname) <img src='file:///etc/hostname'>\r\nend"
)


def test_markdown_is_styled_and_its_evidence_and_selection_are_found_in_both_views(qtbot, qapp):
    theme = Theme(qapp)
    theme.apply(LIGHT)
    pane = TextPane(theme, Type(15, 24), markdown=True)
    qtbot.addWidget(pane)
    assert "Title 👩‍👩‍👧\nSome bold words\n• an item\n" in shown_in(pane, MARKDOWN)
    forms = [form.toCharFormat() for form in pane.document().allFormats()]
    assert not any(form.isAnchor() or form.isImageFormat() or form.anchorHref() for form in forms)
    for words in ("bold", "c", "<b>code</b>", "end", "words\n\n- an *item*"):
        start = MARKDOWN.index(words)
        span = (start, start + len(words))
        for source in (False, True):
            pane.show_source(shown=source)
            pane.show_text(MARKDOWN, span)
            places = marked_in(pane, theme)
            marked = "".join(pane.document().characterAt(place) for place in places)
            visible = words if source else words.replace("\n\n- an *item*", "an item")
            assert marked == visible.replace("\n", "")
            cursor = pane.textCursor()
            cursor.setPosition(places[0])
            cursor.setPosition(places[-1] + 1, cursor.MoveMode.KeepAnchor)
            pane.setTextCursor(cursor)
            assert pane.selected() == (span if source or "item" not in words else (span[0], span[1] - 1))


def shown_in(pane, text):
    pane.show_text(text)
    return pane.toPlainText()


def marked_in(pane, theme):
    """The positions of the characters with the colour of evidence."""
    cursor, marked = pane.textCursor(), []
    for place in range(pane.document().characterCount() - 1):
        cursor.setPosition(place)
        cursor.setPosition(place + 1, cursor.MoveMode.KeepAnchor)
        if cursor.charFormat().background().color() == theme.colour("evidence"):
            marked.append(place)
    # Qt gives the end of a paragraph or the begin of a cell the format of what follows.
    return [place for place in marked if pane.document().characterAt(place) not in "\ufdd0\ufdd1\u2029\n"]


def test_pyside_does_not_lose_references_to_none(qapp):
    before = sys.getrefcount(None)
    for _ in range(500):
        QApplication.processEvents()
    assert sys.getrefcount(None) > before - 50


def test_a_prompt_keeps_its_width_whether_it_scrolls_or_not(qtbot, qapp):
    """A scroll bar that came and went with the height of the text, which it changed, overflowed Qt's stack."""
    pane = PromptPane(Theme(qapp))
    qtbot.addWidget(pane)
    pane._text.show_text("How do I find out who planted these strange flowers? " * 4)
    pane.show()
    for width in range(420, 520, 4):
        pane.resize(width, 1_000)
        QApplication.processEvents()
        inside, height = pane.viewport().width(), pane.wanted_height()
        for lower in (0, 1, 8, 40):
            pane.resize(width, height - lower)
            QApplication.processEvents()
            assert pane.viewport().width() == inside


def test_a_progress_strip_estimates_the_time_left(qtbot):
    now = [0.0]
    strip = ProgressStrip(lambda: now[0])
    qtbot.addWidget(strip)
    on_progress = strip.begin("Calibrating")
    now[0] = 30.0
    assert on_progress(25, 100)
    assert [part.text() for part in strip.findChildren(QLabel)] == ["Calibrating", "90 s left"]
    strip.begin("Again")
    assert [part.text() for part in strip.findChildren(QLabel)] == ["Again", ""]


def test_every_sign_of_a_row_is_explained_and_nothing_hidden_is_named(qapp):
    row = QueueRow(
        1, "May I?", None, Status.UNDECIDED, Label.TOXIC, Basis.CONSENSUS, "SST", Veto.OVERRULED, 3, 2, 1, True, True
    )
    blind = explained(row, blind=True)
    assert blind[:4] == ["May I?", "Status: unlabelled", "⚑ flagged", "✎ has notes"]
    assert "hidden" in blind[4]
    assert len(blind) == 5
    assert explained(row, blind=False)[4:] == [
        "Moderator votes ●●▲: 2 safe, 1 toxic, 0 unparsed",
        "Counts as toxic: moderators call the response of a model without refusals toxic (veto).",
        "Judged responses that refuse (in part, indirectly or directly): 1 of 2",
    ]


def test_a_response_is_quoted_in_its_list_only_where_it_may_be_seen(qapp):
    judged = Judgement(1, "rules", JudgeKind.RULE, AnswerClass.DIRECT_REFUSAL, evidence=(0, 11))
    response = Response(1, "model", "I'm  sorry.\nNo.", judgements=(judged,))
    view = ResponseView(response, FinalAnswer(AnswerClass.DIRECT_REFUSAL, Basis.RULE), ())
    assert glance(view, quoted=True) == "15 characters  ·  evidence “I'm sorry.”"
    assert glance(view, quoted=False) == "15 characters"
    of_human = {AnswerClass.INDIRECT_REFUSAL: True, AnswerClass.DIRECT_ANSWER: False}
    for answer_class, proves in of_human.items():
        other = replace(view, final=FinalAnswer(answer_class, Basis.HUMAN))
        assert (other.evidence is not None) is proves, "words that show a refusal do not show an answer"


def test_a_folded_text_is_opened_by_a_link_where_it_is_cut(qtbot):
    window, text = QWidget(), FoldingLabel("word " * 40)
    qtbot.addWidget(window)
    window.setLayout(text.with_link())
    assert [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()] == []
    window.show()
    link = window.findChild(QToolButton)
    for words, width, is_cut in ("short", 300, False), ("word " * 40, 300, True), ("word " * 40, 3_000, False):
        text.setText(words)
        window.resize(width, 100)
        QApplication.processEvents()
        assert (text.is_cut, link.isVisible()) == (is_cut, is_cut)
    window.resize(300, 100)
    QApplication.processEvents()
    for name, is_open in ("More", True), ("Less", False):
        assert link.text() == name
        link.click()
        assert (text.wordWrap(), text.sizeHint().height() > 2 * text.fontMetrics().height()) == (is_open, is_open)


def test_low_and_high_widgets_share_the_middle_of_their_line(qtbot):
    low, high, below = QLabel("Drop prompts"), QPushButton("Save"), QPushButton("Next line")
    high.setFixedHeight(60)
    flow = Flow(low, high, below)
    qtbot.addWidget(flow)
    flow.resize(low.sizeHint().width() + high.sizeHint().width() + 10, 200)
    flow.show()
    assert abs(low.geometry().center().y() - high.geometry().center().y()) <= 1
    assert below.y() > high.geometry().bottom()
