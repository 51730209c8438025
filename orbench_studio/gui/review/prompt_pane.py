"""The prompt: its text, origin, seed and notes."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from orbench_studio.domain.core.annotation import Aspect, unread_notes
from orbench_studio.domain.core.prompt import Origin, Prompt
from orbench_studio.domain.review.decision import PromptView
from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import column_layout, row_layout
from orbench_studio.gui.common.more_below import HEIGHT, MoreBelow
from orbench_studio.gui.common.text_pane import TextPane, Type
from orbench_studio.gui.common.theme import PROMPT, PROMPT_LINE, READING, READING_LINE, Theme, px
from orbench_studio.gui.common.widgets import keep_scroll_bar, label, set_tip
from orbench_studio.gui.review.decision_words import returned_words
from orbench_studio.gui.review.notes import NoteThread

_MARGIN = 20
_BUTTON = 10  # pixels between a button's edge and its words
_NARROWEST = 380
_WIDEST = 860  # pixels: longer lines are hard to read


class PromptPane(QScrollArea):
    _about, _flag = "", ""  # the origin of the prompt; whether the annotator has flagged it

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._origin = label("", "meta", wrap=True)
        self._seed_title = label(tr("Toxic seed that this prompt was rewritten from"), "meta")
        self._seed = TextPane(theme, Type(READING, READING_LINE), grows=True)
        self._text = TextPane(theme, Type(PROMPT, PROMPT_LINE), grows=True)
        self.notes = NoteThread(theme)
        self.returned = label("", "error", wrap=True)
        self._text.entries = ("note", "flag", "category", "seed", "timeline", "reveal_text")
        self._marks = Flow(spacing=4)
        self._column = QWidget()
        self._view: PromptView | None = None
        self._build_ui()
        self.more = MoreBelow(self, PROMPT_LINE, self._end_of_text, "response_down")
        theme.changed.connect(self._fit_size)

    def show_view(self, view: PromptView, annotator: str) -> None:
        """Show a prompt from its top."""
        if self._view is None or self._view.prompt.id != view.prompt.id:
            self._show_seed(False)
            self.verticalScrollBar().setValue(0)
        self._view = view
        self._about = "\u00a0\u00a0·  ".join(origin(view))
        self._flag = tr("⚑ flagged") if view.last_by(annotator, Aspect.FLAG) == "on" else ""
        self._show_origin()
        siblings = tr("A seed is a toxic request. Prompts that were rewritten from the same seed are siblings.")
        set_tip(self._origin, siblings if view.prompt.origin is Origin.REWRITE else "")
        self._seed.show_text(view.prompt.seed.text if view.prompt.seed else "")
        self._text.show_text(view.prompt.text)
        self.notes.show_notes(view.notes, unread_notes(view.decided, annotator))
        returned = view.returned_to(annotator)
        self.returned.setText(returned_words(returned) if returned else "")
        self.returned.setVisible(returned is not None)

    def wanted_height(self) -> int:
        layout = self._column.layout()
        assert layout is not None  # since the pane was built
        return layout.totalHeightForWidth(min(self.viewport().width(), self._column.maximumWidth()))

    def least_height(self) -> int:
        """The height that shows the first two lines of the text, below what stands above it."""
        return self._text.mapTo(self._column, QPoint()).y() + 2 * px(PROMPT_LINE) + px(HEIGHT)

    def texts(self) -> dict[TextPane, str]:
        """The panes with texts that may have to be covered, with their names."""
        return {self._text: tr("Prompt"), self._seed: tr("Seed")}

    def place_marks(self, buttons: Sequence[QWidget]) -> None:
        for button in buttons:
            self._marks.add(button)

    def append(self, widget: QWidget) -> None:
        """Place a widget below the prompt, to scroll with it; it leaves by being placed elsewhere."""
        layout = self._column.layout()
        assert isinstance(layout, QVBoxLayout)  # since the pane was built
        layout.addWidget(widget, 1)

    def fit(self, *, compact: bool) -> None:
        """In a compact window, show only whether there is a flag, not these buttons (their keys work) or the origin."""
        self._marks.setHidden(compact)
        self._text.set_type(Type(READING, READING_LINE) if compact else Type(PROMPT, PROMPT_LINE))
        self._show_origin()

    def _show_origin(self) -> None:
        self._origin.setText(self._flag if self._marks.isHidden() else self._about)
        self._origin.setVisible(bool(self._origin.text()))

    def toggle_seed(self) -> None:
        if self._view is not None and self._view.prompt.seed is not None:
            self._show_seed(self._seed.isHidden())

    def _end_of_text(self) -> int:
        """The lower edge of the prompt, its notes and what is below, without the margin."""
        parts = self._column.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly)
        return max(part.geometry().bottom() for part in parts if not part.isHidden())

    def _show_seed(self, shown: bool) -> None:
        self._seed_title.setVisible(shown)
        self._seed.setVisible(shown)

    def _build_ui(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        keep_scroll_bar(self)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setAccessibleName(tr("Prompt with its origin"))
        self._text.setAccessibleName(tr("Prompt"))
        self._seed.setAccessibleName(tr("Seed"))
        self.setMinimumWidth(_NARROWEST)
        self._show_seed(False)
        column = self._column
        column.setObjectName("page")
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 12, 0, 0)
        layout.setSpacing(12)
        self._marks.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        beside = _MARGIN - _BUTTON  # aligns the captions of the buttons with the text
        layout.addLayout(row_layout(None, self._marks, margins=(beside, 0, beside, 0)))
        inner = column_layout(None, margins=(_MARGIN, 0, _MARGIN, 16), spacing=12)
        layout.addLayout(inner)
        self.returned.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for part in (self.returned, self._origin, self._seed_title, self._seed, self._text, self.notes):
            inner.addWidget(part)
        inner.addStretch()
        self.setWidget(column)
        self._fit_size()

    def _fit_size(self) -> None:
        self._column.setMaximumWidth(px(_WIDEST))


def origin(view: PromptView) -> list[str]:
    """The origin of a prompt, one phrase per fact."""
    prompt: Prompt = view.prompt
    facts = []
    if view.category != prompt.category and prompt.category is not None:
        facts.append(tr("category in the file: {category}").format(category=prompt.category))
    if prompt.origin is Origin.REWRITE:
        facts.append(_rewrite(view.siblings - 1))
    if prompt.source:
        line = tr("{file}, line {line}").format(file=prompt.source, line=prompt.source_line)
        facts.append(line if prompt.source_line else prompt.source)
    facts.extend(value for value in prompt.attributes.values() if value)
    if not view.blind:
        facts.append(f"#{abs(prompt.id)}")  # negative for a prompt that is shown again
    return facts


def _rewrite(siblings: int) -> str:
    if not siblings:
        return tr("rewritten from a toxic seed")
    return plural(
        siblings,
        "rewritten from a toxic seed; 1 other prompt has the same seed",
        "rewritten from a toxic seed; {count} other prompts have the same seed",
    )
