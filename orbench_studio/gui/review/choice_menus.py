"""Menus of choices with a key each. None of them covers the prompt or the response."""

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.judgement import REFUSALS, SEVERITIES, AnswerClass
from orbench_studio.gui.common.actions import key_text, tr
from orbench_studio.gui.common.theme import ANSWERS, LABELS
from orbench_studio.gui.common.widgets import ENTER
from orbench_studio.gui.keyboard import key_by_position
from orbench_studio.gui.review.decision_words import mark_words

_KINDS = {
    AnswerClass.NON_RESPONSIVE: ("N", "Non-responsive: asks back, changes the subject, sympathy only"),
    AnswerClass.INABILITY: ("C", "Inability: cannot, not will not (no access, tool or information)"),
}
# Why a human answer class differs from a judge's. Label files contain these texts.
_REASONS = (
    "answers in the end",
    "only warns, then answers",
    "refuses without the usual words",
    "answers a part and refuses a part",
    "answers another question",
    "lectures instead of answering",
    "asks back instead of answering",
    "takes the prompt for something it is not",
    "ends before its class is clear",
)
_DIGITS = "1234567890"
_MENU_HEIGHT = 640
_MOVES = {
    Qt.Key.Key_Up,
    Qt.Key.Key_Down,
    Qt.Key.Key_Home,
    Qt.Key.Key_End,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
    Qt.Key.Key_Escape,
    Qt.Key.Key_Tab,
    Qt.Key.Key_Backtab,
}
_PICKS = {Qt.Key.Key_Space, *ENTER}  # the choice that a moving key made current
_MODIFIERS = {Qt.Key.Key_Shift, Qt.Key.Key_Control, Qt.Key.Key_Alt, Qt.Key.Key_AltGr, Qt.Key.Key_Meta}
LABEL_ACTIONS = {of: f"label_{of}" for of in Label}
CLASS_ACTIONS = {  # in the order of their keys; the last two are kinds that need none
    AnswerClass.DIRECT_ANSWER: "answer_direct",
    AnswerClass.PARTIAL_REFUSAL: "answer_partial",
    AnswerClass.INDIRECT_REFUSAL: "answer_indirect",
    AnswerClass.DIRECT_REFUSAL: "answer_refusal",
    AnswerClass.SAFE_COMPLETION: "answer_safe",
    AnswerClass.NON_RESPONSIVE: "answer_non_responsive",
    AnswerClass.INABILITY: "answer_inability",
}


class ChoiceMenu(QMenu):
    """Values with their keys and words; the current one is checked. Any other key closes the menu."""

    chosen = Signal(str)  # when the user has picked a value that is not the current one
    message = Signal(str)  # when a key that no choice has closed the menu

    def __init__(self, parent: QWidget, current: str | None, choices: Iterable[tuple[str, str, str]]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMaximumHeight(_MENU_HEIGHT)
        self._by_key: dict[str, QAction] = {}
        self.add_choices(current, choices)

    def add_choices(self, current: str | None, choices: Iterable[tuple[str, str, str]]) -> None:
        for value, key, words in choices:
            shown = words.replace("&", "&&")
            action = self.addAction(f"&{key}   {shown}" if key else shown)
            action.setCheckable(True)
            action.setChecked(value == current)
            self._by_key |= {key: action} if key else {}
            action.triggered.connect(lambda _checked=False, of=value: self.chosen.emit(of) if of != current else None)

    def open_over(self, bar: QWidget, button: QWidget | None = None) -> None:
        """Open with the lower edge on that of a bar, and the left edge on that of a button in it, if there is one."""
        left = (button or bar).mapToGlobal(QPoint()).x()
        bottom = bar.mapToGlobal(QPoint(0, bar.height())).y()
        self.popup(QPoint(left, bottom - self.sizeHint().height()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        choice = self._by_key.get(key_by_position(event) or event.text().upper())
        if choice is not None:
            self.close()
            choice.trigger()
        elif key in _MOVES or key in _MODIFIERS or (key in _PICKS and self.activeAction() is not None):
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():  # the key that opened the menu may still be pressed
            self.close()
            pressed = QKeySequence(event.keyCombination()).toString(QKeySequence.SequenceFormat.NativeText)
            self.message.emit(tr("No choice of the menu has the key {key}. The menu was closed.").format(key=pressed))


def category_menu(parent: QWidget, current: str | None, own: Sequence[str]) -> ChoiceMenu:
    """The ten categories, each with a digit, then the workspace's own."""
    pairs = zip_longest((*map(str, Category), *own), _DIGITS, fillvalue="")
    return ChoiceMenu(parent, current, ((name, key, name) for name, key in pairs))


def reason_menu(parent: QWidget, current: str | None) -> ChoiceMenu:
    """Reasons for the answer class of a response, each with a digit."""
    pairs = zip(_REASONS, _DIGITS, strict=False)
    words = tr("It {reason}")
    return ChoiceMenu(parent, current, ((one, key, words.format(reason=tr(one))) for one, key in pairs))


def label_menu(parent: QWidget, current: str | None) -> ChoiceMenu:
    marks = ((of, LABEL_ACTIONS[of], LABELS[of]) for of in Label)
    return ChoiceMenu(parent, current, ((of, _letter(name), mark_words(m)) for of, name, m in marks))


def class_menu(parent: QWidget, current: str | None) -> ChoiceMenu:
    """The answer classes with their keys."""
    marks = ((of, name, ANSWERS[of]) for of, name in CLASS_ACTIONS.items())
    return ChoiceMenu(parent, current, ((of, _letter(name), mark_words(m)) for of, name, m in marks))


def kind_menu(parent: QWidget, model: str, answer_class: AnswerClass, severity: str | None) -> ChoiceMenu:
    """The kinds that have no key of their own, then the severities of a refusal, with a key each.

    The title names the response, because the focus may have moved on to another one.
    """
    menu = ChoiceMenu(parent, None, ())
    menu.addAction(f"{model}: {mark_words(ANSWERS[answer_class])}".replace("&", "&&")).setEnabled(False)
    menu.add_choices(answer_class, ((of, key, tr(words)) for of, (key, words) in _KINDS.items()))
    if answer_class in REFUSALS:
        menu.addSeparator()
        words = tr("Severity {value}: {meaning}")
        severities = ((of, of, words.format(value=of, meaning=tr(meaning))) for of, meaning in SEVERITIES.items())
        menu.add_choices(severity, severities)
    return menu


def has_kinds(answer_class: AnswerClass) -> bool:
    """Whether a class has kinds or a severity."""
    return answer_class in REFUSALS or answer_class in _KINDS


def _letter(name: str) -> str:
    """The shortcut of an action where it is one letter; a menu knows no others."""
    key = key_text(name)
    return key if len(key) == 1 else ""
