"""The text of the response in focus, and beside it, where asked for, another one that stays while the focus moves."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QSplitter, QVBoxLayout

from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.review.decision import ResponseView
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.text_pane import TextPane, Type
from orbench_studio.gui.common.theme import ANSWERS, READING, READING_LINE, Theme, px
from orbench_studio.gui.common.widgets import label

_PAD = 20
_BESIDE = 480  # pixels below which two texts stand one above the other


class ResponseReader(QFrame):
    """One response: what is known of it, and its text."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.setObjectName("panel")
        self.view: ResponseView | None = None
        self._blind = False
        self.title = label("", "strong")  # model and class, for two that stand side by side
        self.about = label("", "meta")
        self.about.setWordWrap(True)
        self.title.setWordWrap(True)
        self.title.hide()
        self.text = TextPane(theme, Type(READING, READING_LINE))
        self.text.setAccessibleName(name)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(_PAD, 12, 8, 0)
        layout.setSpacing(8)
        layout.addWidget(self.title)
        layout.addWidget(self.about)
        layout.addWidget(self.text, 1)

    def show_view(self, view: ResponseView | None, *, blind: bool) -> None:
        """Show a response, or how to come by one; `blind` while what judges made of it is hidden."""
        self.view, self._blind = view, blind
        if view is None:
            self.about.setText(tr("Import model responses, and they are shown here."))
            self.text.show_text("")
            return
        mark = ANSWERS[view.final.answer_class]
        hidden = blind and view.final.answer_class is None
        self.title.setText(view.response.model + ("" if hidden else f"   {mark.shape} {mark.word}"))
        self.about.setText("   ·   ".join(about(view, blind=blind, reasons=not self.text.covered)))
        self.text.show_text(view.response.text, view.evidence)

    def restate(self) -> None:
        """Show it again."""
        self.show_view(self.view, blind=self._blind)


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

    def restate(self) -> None:
        """Show both again, after the shield has been put over them or taken away."""
        for reading in (self.pinned, self.focused):
            reading.restate()

    def compare(self, pinned: ResponseView | None, *, blind: bool = False) -> None:
        """Show a response on the left, or none."""
        if pinned is not None:
            self.pinned.show_view(pinned, blind=blind)
        for part in (self.pinned, self.pinned.title, self.focused.title):
            part.setVisible(pinned is not None)

    def texts(self) -> tuple[TextPane, TextPane]:
        """Where the texts of responses are."""
        return self.pinned.text, self.focused.text

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        size = event.size()
        beside = size.width() >= px(_BESIDE) or size.width() > size.height()
        self.setOrientation(Qt.Orientation.Horizontal if beside else Qt.Orientation.Vertical)


def about(view: ResponseView, *, blind: bool, reasons: bool) -> list[str]:
    """What is known of a response besides its text: every judge's class, errors, another wording.

    The judges' reasons may quote the text; while that is covered they are left out.
    """
    response = view.response
    said = [
        f"{j.judge}: {ANSWERS[j.answer_class].word}" + (f" ({j.explanation})" if reasons and j.explanation else "")
        for j in response.judgements
    ]
    said += [f"{a.annotator}: {ANSWERS[AnswerClass(a.value)].word}" for a in view.decided if a.imported]
    if response.reference_class:
        said.append(f"source file's final label: {ANSWERS[response.reference_class].word}")
    if response.error and reasons:
        said.append(f"error: {response.error}")
    if response.asked and reasons:
        said.append(f"asked in other words: {response.asked}")
    if response.simulated:
        said.append(tr("illustrative, not a real model"))
    mine = [a.reason for a in view.decided if a.reason]
    said += [f"{tr('because it')} {mine[-1]}"] if mine else []
    nothing = tr("What judges made of it is hidden until you decide") if blind else tr("No judge has looked at it")
    return said or [nothing]
