"""The bar below the texts, in one of two states: deciding, or decided with what was revealed and the way on."""

from collections.abc import Set

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QStackedWidget, QToolButton, QWidget

from orbench_studio.domain.core.annotation import Aspect, Label, Visible
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.review.decision import PromptView
from orbench_studio.gui.common.actions import SHORTCUTS, Actions, key_text, tr, with_key
from orbench_studio.gui.common.elided_label import FoldingLabel
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.theme import ANSWERS, LABELS, Theme
from orbench_studio.gui.common.widgets import KeyButton, KeyHints, label, set_role
from orbench_studio.gui.review.choice_menus import CLASS_ACTIONS, LABEL_ACTIONS
from orbench_studio.gui.review.decision_words import decided_words, known_words, question

_MARGIN, _GAP = 20, 8
_PLAIN = {"category": "category", "seed": "Show seed", "flag": "⚑ Flag", "note": "✎ Note"}
_KINDS = (AnswerClass.NON_RESPONSIVE, AnswerClass.INABILITY)  # without a key of their own
_CLASSES = tuple(name for of, name in CLASS_ACTIONS.items() if of not in _KINDS)
_HINTS = (
    (("next_response", "previous_response"), "another response"),
    *(((name,), ANSWERS[of].word) for of, name in CLASS_ACTIONS.items() if of not in _KINDS),
    (("class_kind",), "finer class, severity"),
    (("change_class",), "change class"),
    (("side_by_side",), "compare"),
)


class DecisionBar(QFrame):
    """Buttons that label the prompt until it is labelled; then the decision, and buttons to go on or change it."""

    _compact = False

    def __init__(self, theme: Theme, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._labels = {of: _label_button(theme, actions, of) for of in Label}
        self._marks = {name: KeyButton(theme, actions[name], words) for name, words in _PLAIN.items()}
        self._skip = KeyButton(theme, actions["skip"], tr("Skip"))
        self.next = KeyButton(theme, actions["next"], tr("Next prompt"), primary=True)
        self.change = KeyButton(theme, actions["change_label"], tr("Change label…"))
        self._question = FoldingLabel("", "quiet")
        self._summary = label("", "strong", wrap=True)
        self._known = FoldingLabel("", "meta")
        self._card = QFrame()
        self._idle = label("", "meta", wrap=True)
        self._hints = KeyHints(theme, [(names, tr(words)) for names, words in _HINTS])
        self._keys = KeyHints(theme, [(_CLASSES, tr("answer class"))])  # instead, beside the buttons of a low page
        self._openers = [_opener(actions, *of) for of in (("toggle_queue", "Queue"), ("toggle_side", "Responses"))]
        self._states, self._pages = QStackedWidget(), (QWidget(), QWidget())
        self._flow = Flow(*self._labels.values(), self.next, self.change, *self._openers, self._keys)
        self._build_ui()
        SHORTCUTS.changed.connect(self._say_keys)

    def marks(self) -> list[KeyButton]:
        """The buttons that mark a prompt without deciding it; they belong beside its text."""
        return [*self._marks.values()]

    @property
    def words(self) -> str:
        """What the bar says about the prompt."""
        lines = (self._summary, self._known) if self.decided else (self._question,)
        return "\n".join(line.text() for line in lines)

    @property
    def decided(self) -> bool:
        """Whether it shows the state after a decision."""
        return self._states.currentIndex() == 1

    def show_view(self, view: PromptView | None, annotator: str, visible: Set[Visible] = frozenset()) -> None:
        """Show the state of a prompt, and what is visible; without a prompt all buttons are disabled."""
        for button in (*self._labels.values(), *self._marks.values(), self._skip):
            button.setEnabled(view is not None)
        mine = view.last_label(annotator) if view else None
        self._states.setCurrentIndex(0 if mine is None else 1)
        self._fit_states()
        for button in (*self._labels.values(), self._skip):
            button.setVisible(mine is None)
        for button in (self.next, self.change):
            button.setVisible(mine is not None)
        self._fit_keys()
        if view is None:
            return
        if mine is None:
            self._question.setText(question(view, visible))
        else:
            mark = LABELS[Label(mine.value)]
            self._summary.setText(decided_words(view, annotator))
            self._known.setText(known_words(view))
            set_role(self._summary, "role", f"verdict-{mark.colour}")
            set_role(self._card, "tint", mark.colour)
        category = tr("Category: {category}").format(category=view.category) if view.category else tr("No category")
        self._marks["category"].say(category)
        self._marks["seed"].setVisible(view.prompt.seed is not None)
        self._marks["flag"].setChecked(view.last_by(annotator, Aspect.FLAG) == "on")
        self._marks["note"].setChecked(bool(view.notes))

    def offer(self, place: int, *, offered: bool, is_open: bool) -> None:
        """Show or hide the button that opens and closes the queue (place 0), or votes and responses (place 1)."""
        self._openers[place].setVisible(offered)
        self._openers[place].setChecked(is_open)
        self._fit_keys()

    def fit(self, *, hints: bool, compact: bool) -> None:
        """Show or hide the hints about keys; in a compact window each text has one line, and the buttons another."""
        self._hints.setVisible(hints)
        self._idle.setVisible(not compact)
        for text in (self._question, self._known):
            text.fold(folded=compact)
        self._flow.add(self._skip) if compact else self._asking.addWidget(self._skip)
        self._compact = compact
        for button in (*self._labels.values(), self._skip, self.next, self.change):
            button.updateGeometry()
        self._fit_states()
        self._fit_keys()
        # Qt does not pass on that parts of a hidden page have other sizes now.
        for part in (self._card, self._pages[1]):
            if (layout := part.layout()) is not None:
                layout.invalidate()
                part.updateGeometry()
        self._states.updateGeometry()

    def _fit_states(self) -> None:
        """Have the room of the larger state, so that the buttons stay in place; in a compact window of this one."""
        for page in self._pages:
            used = not self._compact or page is self._states.currentWidget()
            height = QSizePolicy.Policy.Preferred if used else QSizePolicy.Policy.Ignored
            page.setSizePolicy(QSizePolicy.Policy.Preferred, height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_keys()

    def _fit_keys(self) -> None:
        """Show the keys of the answer classes beside the buttons where there are no hints and one line has room."""
        buttons = [b for b in (*self._labels.values(), self.next, self.change, *self._openers) if not b.isHidden()]
        wide = sum(button.sizeHint().width() + _GAP for button in buttons) + self._keys.sizeHint().width()
        self._keys.setVisible(self._hints.isHidden() and wide <= self.width() - 2 * _MARGIN)

    def _say_keys(self) -> None:
        keys = ", ".join(filter(None, map(key_text, LABEL_ACTIONS.values())))
        self._idle.setText(tr("{keys} have no effect until the next prompt. They cannot change this label.").format(
            keys=keys))  # fmt: skip

    def _build_ui(self) -> None:
        self._question.setMinimumWidth(1)
        self._asking = row_layout(None, (self._question, 1), Stretch(), self._skip)
        column_layout(self._card, self._summary, self._known, self._idle, margins=(12, 8, 12, 8), spacing=4)
        deciding, decided = self._pages
        column_layout(deciding, Stretch(), self._asking, spacing=_GAP)
        column_layout(decided, self._card, Stretch(), spacing=_GAP)
        for page in self._pages:
            self._states.addWidget(page)
        parts = self._states, self._flow, self._hints
        column_layout(self, *parts, margins=(_MARGIN, 12, _MARGIN, 8), spacing=_GAP)
        self._say_keys()


def _label_button(theme: Theme, actions: Actions, of: Label) -> KeyButton:
    mark = LABELS[of]
    words = " ".join((mark.shape, tr(str(of).capitalize())))
    return KeyButton(theme, actions[LABEL_ACTIONS[of]], words, colour=mark.colour, tint=mark.tint or "")


def _opener(actions: Actions, name: str, words: str) -> QToolButton:
    """A button for what has folded away."""
    button = QToolButton()
    button.setCheckable(True)
    button.setText(tr(words))
    button.setProperty("role", "link")
    button.setToolTip(with_key(actions[name].text(), name))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.clicked.connect(lambda: actions[name].trigger())
    button.hide()
    return button
