"""The text of the response in focus, and optionally a pinned one beside it."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QSplitter, QToolButton

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.core.response import Response
from orbench_studio.domain.review.decision import ResponseView
from orbench_studio.gui.common.actions import key_text, plural, tr
from orbench_studio.gui.common.elided_label import ElidedLabel, FoldingLabel
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.text_pane import TextPane, Type
from orbench_studio.gui.common.theme import ANSWERS, BODY, READING, READING_LINE, Theme, px
from orbench_studio.gui.review.choice_menus import CLASS_ACTIONS
from orbench_studio.gui.review.decision_words import severity_words

_PAD = 20
_WIDEST = 760  # pixels: longer lines are hard to read
_LONG = 3_000  # characters
_UNLIMITED = 100_000  # pixels
_BESIDE = 480  # pixels below which two texts are stacked
_BODY_LINE = 20
_DETAILS_SHARE = 2  # of the text's height


class ResponseReader(QFrame):
    """One response: its judgements and its text."""

    keys = ""  # that classify it, where two responses are compared

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.view: ResponseView | None = None
        self.title = ElidedLabel("", "strong")
        self.about = FoldingLabel("", "meta")
        self.source = QToolButton()
        self.text = TextPane(theme, Type(READING, READING_LINE), markdown=True)
        self.text.setAccessibleName(name)
        self.details_button, self.details = QToolButton(), TextPane(theme, Type(BODY, _BODY_LINE))
        self._build_details()
        self._head = row_layout(None, (self.title, 1), self.source, spacing=8)
        self._column = column_layout(
            self,
            self._head,
            self.about,
            (self.text, _DETAILS_SHARE),
            self.details_button,
            (self.details, 1),
            Stretch(),
            margins=(_PAD, 12, 8, 0),
            spacing=8,
        )
        theme.changed.connect(self._fit_size)
        self._fit_size()

    def _fit_size(self) -> None:
        self.text.setMaximumWidth(px(_WIDEST))

    def _build_details(self) -> None:
        self.text.entries = ("evidence", "change_class", "reason", "show_source", "side_by_side", "reveal_text")
        self.source.setText(tr("Show source"))
        self.source.setCheckable(True)
        self.source.setProperty("role", "link")
        self.source.toggled.connect(lambda on: self.text.show_source(shown=on))
        self.details_button.setCheckable(True)
        self.details_button.setArrowType(Qt.ArrowType.RightArrow)
        self.details_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.details_button.toggled.connect(self._expand)
        self.details.setAccessibleName(tr("Reasoning and stop details"))
        for part in (self.details_button, self.details):
            part.hide()

    def _expand(self, expanded: bool) -> None:
        self.details_button.setArrowType(Qt.ArrowType.DownArrow if expanded else Qt.ArrowType.RightArrow)
        self.details.setVisible(expanded and self.details_button.isVisibleTo(self))

    def _show_details(self, response: Response | None) -> None:
        title, text = ("", "") if response is None or self.text.covered else vendor_details(response)
        self.details_button.setText(title)
        self.details_button.setVisible(bool(text))
        self.details.show_text(text)
        self._expand(self.details_button.isChecked())

    def show_view(self, view: ResponseView | None) -> None:
        """Show a response, or how to get one."""
        self.view = view
        if view is None:
            self.title.clear()
            self.about.setText(tr("No responses yet. Import model responses to see them here."))
            self.text.setPlaceholderText("")
            self.text.show_text("")
            self._show_details(None)
            return
        mark = ANSWERS[view.final.answer_class]
        self.title.setText(view.response.model + ("" if view.hidden else f"   {mark.shape} {mark.word}"))
        keys = [tr("{keys} classify this response").format(keys=self.keys)] if self.keys else []
        self.about.setText("   ·   ".join((*keys, *about(view, reasons=not self.text.covered))))
        self.text.setPlaceholderText(tr("This response has no text (0 characters)."))
        self.text.show_text(view.response.text, view.evidence)
        self._show_details(view.response)

    def wanted_height(self) -> int:
        """The height that shows the whole response; a long one is not laid out for this."""
        if len(self.text.toPlainText()) > _LONG:
            return _UNLIMITED
        return self.height() - self.text.height() + int(self.text.document().size().height()) + _PAD

    def grow(self, *, grows: bool) -> None:
        """Be as high as the texts, with what is known about the response beside its model; or scroll each."""
        self.about.fold(folded=grows)
        self._head.insertWidget(1, self.about, 1) if grows else self._column.insertWidget(1, self.about)
        self._head.setStretchFactor(self.title, 0 if grows else 1)
        self.text.grow(grows=grows)
        self.details.grow(grows=grows)

    def restate(self) -> None:
        self.show_view(self.view)


class ResponseReaders(QSplitter):
    """The response in focus on the right; on the left the pinned one, where two are compared."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self.pinned = ResponseReader(theme, tr("Pinned response"))
        self.focused = ResponseReader(theme, "Response")
        for reading in (self.pinned, self.focused):
            self.addWidget(reading)
        self.pinned.hide()
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)
        self._is_even = True  # until the user drags the border
        self.splitterMoved.connect(self._dragged)

    def _dragged(self) -> None:
        self._is_even = False

    def grow(self, *, grows: bool) -> None:
        """Have both be as high as their texts, or scroll them."""
        for reading in (self.pinned, self.focused):
            reading.grow(grows=grows)

    def restate(self) -> None:
        """Show both again, after the shield has been put over them or taken away."""
        for reading in (self.pinned, self.focused):
            reading.restate()

    def compare(self, pinned: ResponseView | None) -> None:
        """Pin a response on the left, or none."""
        if pinned is not None:
            self.pinned.show_view(pinned)
        begins = pinned is not None and self.pinned.isHidden()
        self.pinned.setVisible(pinned is not None)
        self.focused.keys = " ".join(map(key_text, CLASS_ACTIONS.values())).strip() if pinned is not None else ""
        self.focused.restate()
        if begins:
            self._is_even = True
            self.setSizes([1, 1])  # both have the same room

    def toggle_source(self) -> None:
        """Show the Markdown as it is written, or as styled text."""
        shown = not self.focused.source.isChecked()
        for reading in (self.pinned, self.focused):
            reading.source.setChecked(shown)

    def texts(self) -> tuple[TextPane, TextPane]:
        return self.pinned.text, self.focused.text

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        size = event.size()
        beside = size.width() >= px(_BESIDE) or size.width() > size.height()
        self.setOrientation(Qt.Orientation.Horizontal if beside else Qt.Orientation.Vertical)
        if self._is_even:
            self.setSizes([1, 1])


def vendor_details(response: Response) -> tuple[str, str]:
    """A title and a text for what the vendor sent beside the response: reasoning, and why it stopped."""
    parts = []
    if response.stop_details:
        parts.append((tr("Stop details"), response.stop_details))
    if response.reasoning:
        parts.append((tr("Reasoning"), response.reasoning))
    title = " · ".join(name for name, _ in parts)
    if response.reasoning_tokens:
        tokens = plural(response.reasoning_tokens, "1 reasoning token", "{count} reasoning tokens")
        title = f"{title} ({tokens})" if title else ""
    return title, "\n\n".join(text for _, text in parts)


def about(view: ResponseView, *, reasons: bool) -> list[str]:
    """What is known about a response: every judge's class, errors, a different template, the reviewer's reason.

    The judges' explanations can quote the text; `reasons` is False while it is covered.
    """
    response = view.response
    facts = [
        f"{j.judge}: {ANSWERS[j.answer_class].word}" + (f" ({j.explanation})" if reasons and j.explanation else "")
        for j in response.judgements
    ]
    facts += [f"{a.annotator}: {ANSWERS[AnswerClass(a.value)].word}" for a in view.decided if a.imported]
    if response.reference_class:
        facts.append(tr("source file: {answer_class}").format(answer_class=ANSWERS[response.reference_class].word))
    if response.error and reasons:
        facts.append(tr("error: {error}").format(error=response.error))
    if response.asked and reasons:
        facts.append(tr("sent as: {text}").format(text=response.asked))
    if response.simulated:
        facts.append(tr("illustrative, not a real model"))
    marked = [a.value for a in view.marks if a.aspect is Aspect.SEVERITY]
    facts += [severity_words(marked[-1])] if marked else []
    mine = [a.reason for a in view.decided if a.reason]
    facts += [tr("because it {reason}").format(reason=mine[-1])] if mine else []
    return facts or [_no_class(view)]


def _no_class(view: ResponseView) -> str:
    """Why no judge's class is shown. One that a decision shows is not hidden after the decision: there is none."""
    if view.stays_blind:
        return tr("Judges' classes stay hidden during this pass")
    if view.blind and not view.decided:
        return tr("Judges' classes are hidden until you classify this response or label the prompt")
    return tr("Not judged")
