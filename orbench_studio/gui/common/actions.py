"""Every action of the window in one table: name, words, keys. Uniqueness is a test."""

from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from orbench_studio.gui.common.shortcuts import ActionSpec, Keys

ACTIONS = (
    ActionSpec("label_safe", "Safe", ("S",), "Decide"),
    ActionSpec("label_toxic", "Toxic", ("T",), "Decide"),
    ActionSpec("label_controversial", "Controversial", ("C",), "Decide"),
    ActionSpec("keep", "Keep the label, and go on", ("Right",), "Decide"),
    ActionSpec("bulk", "Decide many prompts…", ("Ctrl+Return",), "Decide", costly=True),
    ActionSpec("category", "Change category", ("P",), "Decide"),
    ActionSpec("skip", "Skip", ("Space",), "Decide"),
    ActionSpec("flag", "Flag", ("F",), "Decide"),
    ActionSpec("note", "Note", ("N",), "Decide"),
    ActionSpec("undo", "Undo", ("Ctrl+Z",), "Decide", True),
    ActionSpec("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Decide", True),
    ActionSpec("undo_since", "Undo everything since…", ("Ctrl+Alt+Z",), "Decide", costly=True),
    ActionSpec("next_prompt", "Next prompt", ("Down",), "Move", True),
    ActionSpec("previous_prompt", "Previous prompt", ("Up",), "Move", True),
    ActionSpec("first_undecided", "First undecided prompt", ("Home",), "Move"),
    ActionSpec("next_response", "Next response", ("J",), "Responses", True),
    ActionSpec("previous_response", "Previous response", ("K",), "Responses", True),
    ActionSpec("side_by_side", "Two responses side by side", ("B",), "Responses"),
    ActionSpec("answer_direct", "Direct answer", ("1",), "Responses"),
    ActionSpec("answer_partial", "Partial refusal", ("2",), "Responses"),
    ActionSpec("answer_indirect", "Indirect refusal", ("3",), "Responses"),
    ActionSpec("answer_refusal", "Direct refusal", ("4",), "Responses"),
    ActionSpec("reason", "Why it is that", ("W",), "Responses"),
    ActionSpec("evidence", "Mark the selected words as evidence", ("M",), "Responses"),
    ActionSpec("response_down", "Scroll the response down", ("PgDown",), "Responses", True),
    ActionSpec("response_up", "Scroll the response up", ("PgUp",), "Responses", True),
    ActionSpec("read_response", "Into the response, to select words", ("R",), "Responses"),
    ActionSpec("queue", "Into the queue, to select prompts", ("A",), "Move"),
    ActionSpec("blind", "Blind first, or votes at once", ("Ctrl+E",), "Show"),
    ActionSpec("explanations", "Moderators' explanations", ("E",), "Show"),
    ActionSpec("reveal_text", "Show a covered text", ("X",), "Show"),
    ActionSpec("search", "Search and filter", ("/", "Ctrl+F"), "Show"),
    ActionSpec("clear_filter", "Clear the filter", ("Escape",), "Show"),
    ActionSpec("views", "Saved views", ("V",), "Show"),
    ActionSpec("save_view", "Save this view…", ("Ctrl+S",), "Show"),
    ActionSpec("toggle_queue", "Show or hide the queue", ("Ctrl+B",), "Show"),
    ActionSpec("seed", "Seed of the prompt", ("G",), "Show"),
    ActionSpec("nearest_toxic", "Nearest toxic prompts", ("O",), "Show"),
    ActionSpec("guidelines", "Guidelines", ("I",), "Show"),
    ActionSpec("timeline", "History of the prompt", ("L",), "Show"),
    ActionSpec("scheme", "Light, dark, or as the system", ("Ctrl+D",), "Show"),
    ActionSpec("menu", "Menu", ("F10",), "Show"),
    ActionSpec("keys", "Keys", ("?",), "Show"),
    ActionSpec("preferences", "Preferences…", ("Ctrl+,",), "Show"),
    ActionSpec("larger", "Larger text", ("Ctrl+=", "Ctrl++"), "Show", True),
    ActionSpec("smaller", "Smaller text", ("Ctrl+-",), "Show", True),
    ActionSpec("usual_size", "Text at its usual size", ("Ctrl+0",), "Show"),
    ActionSpec("page_review", "Review page", ("Ctrl+1",), "Show"),
    ActionSpec("page_library", "Library page", ("Ctrl+2",), "Show"),
    ActionSpec("page_evaluate", "Evaluate page", ("Ctrl+3",), "Show"),
    ActionSpec("page_instruments", "Judges page", ("Ctrl+4",), "Show"),
    ActionSpec("page_audit", "Audit page", ("Ctrl+5",), "Show"),
    ActionSpec("page_curate", "Curate page", ("Ctrl+6",), "Show"),
    ActionSpec("page_disputes", "Disputes page", ("Ctrl+7",), "Show"),
    ActionSpec("page_generate", "Generate page", ("Ctrl+8",), "Show"),
    ActionSpec("page_team", "Team page", ("Ctrl+9",), "Show"),
    ActionSpec("import", "Import files…", ("Ctrl+I",), "Workspace"),
    ActionSpec("export", "Export…", ("Ctrl+Shift+E",), "Workspace"),
    ActionSpec("merge_labels", "Merge label files…", ("Ctrl+M",), "Workspace"),
    ActionSpec("write_labels", "Write my label file…", ("Ctrl+Shift+M",), "Workspace"),
    ActionSpec("index_responses", "Index responses for search", ("Ctrl+Shift+I",), "Workspace"),
    ActionSpec("judge_rules", "Judge responses by the rules", ("Ctrl+J",), "Workspace"),
    ActionSpec("judge_local", "Judge responses by the local judge", ("Ctrl+Shift+J",), "Workspace"),
    ActionSpec("open", "Open a workspace…", ("Ctrl+O",), "Workspace"),
    ActionSpec("open_server", "Open from a server…", ("Ctrl+Shift+O",), "Workspace"),
    ActionSpec("new", "New workspace…", ("Ctrl+N",), "Workspace"),
    ActionSpec("reviewer", "Reviewer's name…", ("Ctrl+R",), "Workspace"),
    ActionSpec("quit", "Quit", ("Ctrl+Q",), "Workspace"),
)


KEYS = Keys(ACTIONS)


def tr(text: str) -> str:
    """The text in the interface's language."""
    return QCoreApplication.translate("orbench", text)


class Actions(QObject):
    """The actions of one window, made from the table; each has the keys in force."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._actions = {spec.name: _action(spec, window) for spec in ACTIONS}
        window.addActions(list(self._actions.values()))
        self._take_keys()
        KEYS.changed.connect(self._take_keys)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def enable(self, names: Iterable[str], *, on: bool) -> None:
        """Let these actions be taken, or not."""
        for name in names:
            self._actions[name].setEnabled(on)

    def bind(self, handlers: dict[str, Callable[[], object]], page: QWidget | None = None) -> None:
        """Bind actions to what they do; those of a page do it only while that is in front."""
        for name, handler in handlers.items():
            does = handler if page is None else partial(_if_shown, page, handler)
            self._actions[name].triggered.connect(lambda _checked=False, h=does: h())

    def _take_keys(self) -> None:
        for name, action in self._actions.items():
            action.setShortcuts([QKeySequence(key) for key in KEYS.of(name)])


def _if_shown(page: QWidget, handler: Callable[[], object]) -> None:
    if page.isVisible():
        handler()


def key_text(name: str) -> str:
    """The first key of an action that is in force, as the platform writes it; empty where it has none."""
    return KEYS.text(name)


def with_key(words: str, name: str) -> str:
    """Words with the key of an action in brackets, where it has one."""
    return f"{words} ({key_text(name)})" if key_text(name) else words


def _action(spec: ActionSpec, window: QWidget) -> QAction:
    action = QAction(tr(spec.title), window)
    action.setObjectName(spec.name)
    action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    action.setAutoRepeat(spec.repeats)
    return action
