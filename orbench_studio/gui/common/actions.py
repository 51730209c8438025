"""The table of the window's actions: name, title, default shortcuts, group."""

from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from orbench_studio.gui.common.shortcuts import ActionSpec, Shortcuts

ACTIONS = (
    ActionSpec("label_safe", "Safe", ("S",), "Label"),
    ActionSpec("label_toxic", "Toxic", ("T",), "Label"),
    ActionSpec("label_controversial", "Controversial", ("C",), "Label"),
    ActionSpec("keep", "Keep label and continue", ("Right",), "Label"),
    ActionSpec("bulk", "Label many prompts…", ("Ctrl+Return",), "Label", needs_modifier=True),
    ActionSpec("category", "Change category…", ("P",), "Label"),
    ActionSpec("skip", "Skip", ("Space",), "Label"),
    ActionSpec("flag", "Flag", ("F",), "Label"),
    ActionSpec("note", "Note…", ("N",), "Label"),
    ActionSpec("undo", "Undo", ("Ctrl+Z",), "Label", True),
    ActionSpec("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Label", True),
    ActionSpec("undo_since", "Undo everything since…", ("Ctrl+Alt+Z",), "Label", needs_modifier=True),
    ActionSpec("next_prompt", "Next prompt", ("Down",), "Navigate", True),
    ActionSpec("previous_prompt", "Previous prompt", ("Up",), "Navigate", True),
    ActionSpec("first_undecided", "First undecided prompt", ("Home",), "Navigate"),
    ActionSpec("next_response", "Next response", ("J",), "Responses", True),
    ActionSpec("previous_response", "Previous response", ("K",), "Responses", True),
    ActionSpec("side_by_side", "Compare two responses", ("B",), "Responses"),
    ActionSpec("answer_direct", "Direct answer", ("1",), "Responses"),
    ActionSpec("answer_partial", "Partial refusal", ("2",), "Responses"),
    ActionSpec("answer_indirect", "Indirect refusal", ("3",), "Responses"),
    ActionSpec("answer_refusal", "Direct refusal", ("4",), "Responses"),
    ActionSpec("reason", "Reason for the answer class…", ("W",), "Responses"),
    ActionSpec("evidence", "Mark selection as evidence", ("M",), "Responses"),
    ActionSpec("response_down", "Scroll response down", ("PgDown",), "Responses", True),
    ActionSpec("response_up", "Scroll response up", ("PgUp",), "Responses", True),
    ActionSpec("read_response", "Select text in the response", ("R",), "Responses"),
    ActionSpec("queue", "Select prompts in the queue", ("A",), "Navigate"),
    ActionSpec("blind", "Blind review on or off", ("Ctrl+E",), "View"),
    ActionSpec("explanations", "Show or hide moderator explanations", ("E",), "View"),
    ActionSpec("reveal_text", "Show or hide covered text", ("X",), "View"),
    ActionSpec("search", "Search and filter", ("/", "Ctrl+F"), "View"),
    ActionSpec("clear_filter", "Clear filter", ("Escape",), "View"),
    ActionSpec("views", "Saved views", ("V",), "View"),
    ActionSpec("save_view", "Save view…", ("Ctrl+S",), "View"),
    ActionSpec("toggle_queue", "Show or hide queue", ("Ctrl+B",), "View"),
    ActionSpec("seed", "Show seed", ("G",), "View"),
    ActionSpec("nearest_toxic", "Nearest toxic prompts", ("O",), "View"),
    ActionSpec("guidelines", "Guidelines", ("I",), "View"),
    ActionSpec("timeline", "Prompt history", ("L",), "View"),
    ActionSpec("scheme", "Switch colour scheme", ("Ctrl+D",), "View"),
    ActionSpec("menu", "Menu", ("F10",), "View"),
    ActionSpec("keys", "Keyboard shortcuts…", ("?",), "View"),
    ActionSpec("preferences", "Preferences…", ("Ctrl+,",), "View"),
    ActionSpec("larger", "Larger text", ("Ctrl+=", "Ctrl++"), "View", True),
    ActionSpec("smaller", "Smaller text", ("Ctrl+-",), "View", True),
    ActionSpec("usual_size", "Default text size", ("Ctrl+0",), "View"),
    ActionSpec("page_review", "Review page", ("Ctrl+1",), "Pages"),
    ActionSpec("page_library", "Library page", ("Ctrl+2",), "Pages"),
    ActionSpec("page_evaluate", "Evaluate page", ("Ctrl+3",), "Pages"),
    ActionSpec("page_instruments", "Judges page", ("Ctrl+4",), "Pages"),
    ActionSpec("page_audit", "Audit page", ("Ctrl+5",), "Pages"),
    ActionSpec("page_curate", "Curate page", ("Ctrl+6",), "Pages"),
    ActionSpec("page_disputes", "Disputes page", ("Ctrl+7",), "Pages"),
    ActionSpec("page_generate", "Generate page", ("Ctrl+8",), "Pages"),
    ActionSpec("page_team", "Team page", ("Ctrl+9",), "Pages"),
    ActionSpec("import", "Import files…", ("Ctrl+I",), "Workspace"),
    ActionSpec("export", "Export…", ("Ctrl+Shift+E",), "Workspace"),
    ActionSpec("merge_labels", "Merge label files…", ("Ctrl+M",), "Workspace"),
    ActionSpec("write_labels", "Export my labels…", ("Ctrl+Shift+M",), "Workspace"),
    ActionSpec("index_responses", "Build full-text index of responses", ("Ctrl+Shift+I",), "Workspace"),
    ActionSpec("judge_rules", "Judge responses with rules", ("Ctrl+J",), "Workspace"),
    ActionSpec("judge_local", "Judge responses with the local judge", ("Ctrl+Shift+J",), "Workspace"),
    ActionSpec("open", "Open workspace…", ("Ctrl+O",), "Workspace"),
    ActionSpec("open_server", "Open workspace on a server…", ("Ctrl+Shift+O",), "Workspace"),
    ActionSpec("new", "New workspace…", ("Ctrl+N",), "Workspace"),
    ActionSpec("reviewer", "Reviewer name…", ("Ctrl+R",), "Workspace"),
    ActionSpec("quit", "Quit", ("Ctrl+Q",), "Workspace"),
)


SHORTCUTS = Shortcuts(ACTIONS)


def tr(text: str) -> str:
    """Translate a text of the interface."""
    return QCoreApplication.translate("orbench", text)


class Actions(QObject):
    """The `QAction`s of one window with the current shortcuts."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._actions = {spec.name: _action(spec, window) for spec in ACTIONS}
        window.addActions(list(self._actions.values()))
        self._update_shortcuts()
        SHORTCUTS.changed.connect(self._update_shortcuts)

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def enable(self, names: Iterable[str], *, on: bool) -> None:
        """Enable or disable actions."""
        for name in names:
            self._actions[name].setEnabled(on)

    def bind(self, handlers: dict[str, Callable[[], object]], page: QWidget | None = None) -> None:
        """Connect actions to handlers; the handlers of a `page` run only while the page is visible."""
        for name, handler in handlers.items():
            bound = handler if page is None else partial(_run_if_visible, page, handler)
            self._actions[name].triggered.connect(lambda _checked=False, h=bound: h())

    def _update_shortcuts(self) -> None:
        for name, action in self._actions.items():
            action.setShortcuts([QKeySequence(key) for key in SHORTCUTS.of(name)])


def _run_if_visible(page: QWidget, handler: Callable[[], object]) -> None:
    if page.isVisible():
        handler()


def key_text(name: str) -> str:
    """The first shortcut of an action in the platform's notation; empty if it has none."""
    return SHORTCUTS.text(name)


def with_key(text: str, name: str) -> str:
    """A text followed by the shortcut of an action in brackets, if it has one."""
    return f"{text} ({key_text(name)})" if key_text(name) else text


def _action(spec: ActionSpec, window: QWidget) -> QAction:
    action = QAction(tr(spec.title), window)
    action.setObjectName(spec.name)
    action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
    action.setAutoRepeat(spec.repeats)
    return action
