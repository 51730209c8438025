"""Every action of the window in one table: name, words, keys. Uniqueness is a test."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action. `repeats` says whether holding the key repeats it; what decides never repeats."""

    name: str
    title: str
    keys: tuple[str, ...]
    group: str
    repeats: bool = False


ACTIONS = (
    ActionSpec("label_safe", "Safe", ("S",), "Decide"),
    ActionSpec("label_toxic", "Toxic", ("T",), "Decide"),
    ActionSpec("label_controversial", "Controversial", ("C",), "Decide"),
    ActionSpec("category", "Change category", ("P",), "Decide"),
    ActionSpec("skip", "Skip", ("Space",), "Decide"),
    ActionSpec("flag", "Flag", ("F",), "Decide"),
    ActionSpec("note", "Note", ("N",), "Decide"),
    ActionSpec("undo", "Undo", ("Ctrl+Z",), "Decide", True),
    ActionSpec("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Decide", True),
    ActionSpec("next_prompt", "Next prompt", ("Down",), "Move", True),
    ActionSpec("previous_prompt", "Previous prompt", ("Up",), "Move", True),
    ActionSpec("first_undecided", "First undecided prompt", ("Home",), "Move"),
    ActionSpec("next_response", "Next response", ("J",), "Responses", True),
    ActionSpec("previous_response", "Previous response", ("K",), "Responses", True),
    ActionSpec("answer_direct", "Direct answer", ("1",), "Responses"),
    ActionSpec("answer_partial", "Partial refusal", ("2",), "Responses"),
    ActionSpec("answer_indirect", "Indirect refusal", ("3",), "Responses"),
    ActionSpec("answer_refusal", "Direct refusal", ("4",), "Responses"),
    ActionSpec("explanations", "Moderators' explanations", ("E",), "Show"),
    ActionSpec("search", "Search and filter", ("/", "Ctrl+F"), "Show"),
    ActionSpec("clear_filter", "Clear the filter", ("Escape",), "Show"),
    ActionSpec("views", "Saved views", ("V",), "Show"),
    ActionSpec("save_view", "Save this view…", ("Ctrl+S",), "Show"),
    ActionSpec("toggle_queue", "Show or hide the queue", ("Ctrl+B",), "Show"),
    ActionSpec("seed", "Seed of the prompt", ("G",), "Show"),
    ActionSpec("scheme", "Light, dark, or as the system", ("Ctrl+D",), "Show"),
    ActionSpec("keys", "Keys", ("?",), "Show"),
    ActionSpec("page_review", "Review page", ("Ctrl+1",), "Show"),
    ActionSpec("page_library", "Library page", ("Ctrl+2",), "Show"),
    ActionSpec("import", "Import files…", ("Ctrl+I",), "Workspace"),
    ActionSpec("open", "Open a workspace…", ("Ctrl+O",), "Workspace"),
    ActionSpec("new", "New workspace…", ("Ctrl+N",), "Workspace"),
    ActionSpec("reviewer", "Reviewer's name…", ("Ctrl+R",), "Workspace"),
    ActionSpec("quit", "Quit", ("Ctrl+Q",), "Workspace"),
)


def tr(text: str) -> str:
    """The text in the interface's language."""
    return QCoreApplication.translate("orbench", text)


class Actions:
    """The actions of one window, made from the table."""

    def __init__(self, window: QWidget) -> None:
        self._actions = {spec.name: _action(spec, window) for spec in ACTIONS}
        window.addActions(list(self._actions.values()))

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def enable(self, names: Iterable[str], *, on: bool) -> None:
        """Let these actions be taken, or not."""
        for name in names:
            self._actions[name].setEnabled(on)

    def connect(self, handlers: dict[str, Callable[[], object]]) -> None:
        """Bind actions to what they do."""
        for name, handler in handlers.items():
            self._actions[name].triggered.connect(lambda _checked=False, h=handler: h())


def key_text(name: str) -> str:
    """The first key of an action, as the platform writes it."""
    spec = next(spec for spec in ACTIONS if spec.name == name)
    return QKeySequence(spec.keys[0]).toString(QKeySequence.SequenceFormat.NativeText)


def _action(spec: ActionSpec, window: QWidget) -> QAction:
    action = QAction(tr(spec.title), window)
    action.setObjectName(spec.name)
    action.setShortcuts([QKeySequence(key) for key in spec.keys])
    action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    action.setAutoRepeat(spec.repeats)
    return action
