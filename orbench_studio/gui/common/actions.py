"""The table of the window's actions (name, title, default shortcuts, group) and of its menus."""

from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtCore import QCoreApplication, QObject, Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from orbench_studio.gui.common.shortcuts import ActionSpec, Shortcuts

ACTIONS = (
    ActionSpec("new", "New workspace…", ("Ctrl+N",), "Workspace"),
    ActionSpec("open", "Open workspace…", ("Ctrl+O",), "Workspace"),
    ActionSpec("demo", "Open the demo", (), "Workspace"),
    ActionSpec("open_server", "Open workspace on a server…", ("Ctrl+Shift+O",), "Workspace"),
    ActionSpec("import", "Import files…", ("Ctrl+I",), "Files"),
    ActionSpec("import_hub", "Import from Hugging Face…", (), "Files"),
    ActionSpec("paste", "Import from clipboard…", ("Ctrl+V",), "Files"),
    ActionSpec("export", "Export…", ("Ctrl+Shift+E",), "Files"),
    ActionSpec("merge_labels", "Merge label files…", ("Ctrl+M",), "Files"),
    ActionSpec("write_labels", "Export my labels…", ("Ctrl+Shift+M",), "Files"),
    ActionSpec("save_copy", "Save a copy…", (), "Files"),
    ActionSpec("quit", "Quit", ("Ctrl+Q",), "Quit"),
    ActionSpec("undo", "Undo", ("Ctrl+Z",), "Undo", True),
    ActionSpec("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "Undo", True),
    ActionSpec("undo_since", "Your decisions…", ("Ctrl+Alt+Z",), "Undo", needs_modifier=True),
    ActionSpec("refused", "Decisions not saved…", (), "Undo"),
    ActionSpec("search", "Search and filter", ("/", "Ctrl+F"), "Search"),
    ActionSpec("clear_filter", "Clear filter", ("Escape",), "Search"),
    ActionSpec("views", "Saved views", ("V",), "Search"),
    ActionSpec("save_view", "Save view…", ("Ctrl+S",), "Search"),
    ActionSpec("reviewer", "Annotator name…", ("Ctrl+R",), "Settings"),
    ActionSpec("preferences", "Preferences…", ("Ctrl+,",), "Settings"),
    ActionSpec("page_review", "Review page", ("Ctrl+1",), "Pages"),
    ActionSpec("page_library", "Library page", ("Ctrl+2",), "Pages"),
    ActionSpec("page_evaluate", "Evaluate page", ("Ctrl+3",), "Pages"),
    ActionSpec("page_instruments", "Judges page", ("Ctrl+4",), "Pages"),
    ActionSpec("page_audit", "Audit page", ("Ctrl+5",), "Pages"),
    ActionSpec("page_curate", "Curate page", ("Ctrl+6",), "Pages"),
    ActionSpec("page_disputes", "Disputes page", ("Ctrl+7",), "Pages"),
    ActionSpec("page_generate", "Generate page", ("Ctrl+8",), "Pages"),
    ActionSpec("page_team", "Team page", ("Ctrl+9",), "Pages"),
    ActionSpec("toggle_queue", "Show or hide queue", ("Ctrl+B",), "Window"),
    ActionSpec("toggle_side", "Show or hide votes and responses", ("Ctrl+Shift+B",), "Window"),
    ActionSpec("scheme", "Switch colour scheme", ("Ctrl+D",), "Window"),
    ActionSpec("larger", "Larger text", ("Ctrl+=", "Ctrl++"), "Window", True),
    ActionSpec("smaller", "Smaller text", ("Ctrl+-",), "Window", True),
    ActionSpec("usual_size", "Default text size", ("Ctrl+0",), "Window"),
    ActionSpec("label_safe", "Safe", ("S",), "Label"),
    ActionSpec("label_toxic", "Toxic", ("T",), "Label"),
    ActionSpec("label_controversial", "Controversial", ("C",), "Label"),
    ActionSpec("next", "Go on to the next prompt", ("Space", "Right"), "Label"),
    ActionSpec("change_label", "Change label…", ("Alt+C",), "Label"),
    ActionSpec("bulk", "Label many prompts…", ("Ctrl+Return",), "Label", needs_modifier=True),
    ActionSpec("category", "Change category…", ("P",), "Label"),
    ActionSpec("skip", "Skip without a label", ("H",), "Label"),
    ActionSpec("flag", "Flag", ("F",), "Label"),
    ActionSpec("note", "Note…", ("N",), "Label"),
    ActionSpec("assign", "Assign prompts…", (), "Label"),
    ActionSpec("check", "Approve or send back…", (), "Label"),
    ActionSpec("next_prompt", "Next prompt in the queue", ("Down",), "Navigate", True),
    ActionSpec("previous_prompt", "Previous prompt in the queue", ("Up",), "Navigate", True),
    ActionSpec("first_undecided", "First unlabelled prompt", ("Ctrl+Home",), "Navigate"),
    ActionSpec("queue", "Select prompts in the queue", ("A",), "Navigate"),
    ActionSpec("next_response", "Next response", ("J",), "Responses", True),
    ActionSpec("previous_response", "Previous response", ("K",), "Responses", True),
    ActionSpec("side_by_side", "Compare two responses", ("B",), "Responses"),
    ActionSpec("answer_direct", "Direct answer", ("1",), "Responses"),
    ActionSpec("answer_partial", "Partial refusal", ("2",), "Responses"),
    ActionSpec("answer_indirect", "Indirect refusal", ("3",), "Responses"),
    ActionSpec("answer_refusal", "Direct refusal", ("4",), "Responses"),
    ActionSpec("answer_safe", "Safe completion", ("5",), "Responses"),
    ActionSpec("answer_non_responsive", "Non-responsive", (), "Responses"),
    ActionSpec("answer_inability", "Inability (cannot, not will not)", (), "Responses"),
    ActionSpec("change_class", "Change answer class…", ("Alt+A",), "Responses"),
    ActionSpec("class_kind", "Finer class, severity…", ("D",), "Responses"),
    ActionSpec("reason", "Reason for the answer class…", ("W",), "Responses"),
    ActionSpec("evidence", "Mark selection as evidence", ("M",), "Responses"),
    ActionSpec("response_down", "Scroll prompt and response down", ("PgDown",), "Responses", True),
    ActionSpec("response_up", "Scroll prompt and response up", ("PgUp",), "Responses", True),
    ActionSpec("show_source", "Show or hide Markdown source", ("U",), "Responses"),
    ActionSpec("read_response", "Select text in the response", ("R",), "Responses"),
    ActionSpec("blind", "Blind review on or off", ("Ctrl+E",), "Reading"),
    ActionSpec("explanations", "Show or hide moderator explanations", ("E",), "Reading"),
    ActionSpec("reveal_text", "Show or hide covered text", ("X",), "Reading"),
    ActionSpec("seed", "Show seed", ("G",), "Reading"),
    ActionSpec("nearest_toxic", "Nearest toxic prompts", ("O",), "Reading"),
    ActionSpec("guidelines", "Guidelines", ("I",), "Reading"),
    ActionSpec("timeline", "Prompt history", ("L",), "Reading"),
    ActionSpec("palette", "Command palette…", ("Ctrl+K",), "Commands"),
    ActionSpec("judge_rules", "Judge responses with studio-rules", ("Ctrl+J",), "Judging"),
    ActionSpec("judge_local", "Judge responses with local-judge", ("Ctrl+Shift+J",), "Judging"),
    ActionSpec("index_responses", "Build full-text index of responses", ("Ctrl+Shift+I",), "Judging"),
    ActionSpec("guide", "Guide", ("F1",), "Help"),
    ActionSpec("keys", "Keyboard shortcuts…", ("?",), "Help"),
    ActionSpec("menu", "Menu bar", ("F10",), "Help"),
    ActionSpec("about", "About OR-Bench Studio", (), "Help"),
)
MENUS = {  # the groups of each menu of the window, with a separator between groups
    "&File": ("Workspace", "Files", "Quit"),
    "&Edit": ("Undo", "Search", "Settings"),
    "&View": ("Pages", "Window"),
    "&Review": ("Label", "Navigate", "Responses", "Reading"),
    "&Tools": ("Commands", "Judging"),
    "&Help": ("Help",),
}
SUBMENUS = {"Responses", "Reading"}  # groups with a menu of their own
NEEDS_WORKSPACE = ("Files", "Pages", "Judging")  # groups that are disabled while no workspace is open


SHORTCUTS = Shortcuts(ACTIONS)


def tr(text: str) -> str:
    return QCoreApplication.translate("orbench", text)


def plural(count: int, one: str, many: str, **values: object) -> str:
    """Translate the text for one, or that for another number, which stands for `{count}`; `values` fill the others."""
    return tr(one if count == 1 else many).format(count=f"{count:,}", **values)


def plain(title: str) -> str:
    """The title of a menu without the mark of its access key."""
    return title.replace("&", "")


def by_menu() -> dict[str, list[ActionSpec]]:
    """The actions below the title of their menu or submenu."""
    listed: dict[str, list[ActionSpec]] = {}
    for menu, groups in MENUS.items():
        for group in groups:
            title = plain(menu) if group not in SUBMENUS else f"{plain(menu)}: {group.lower()}"
            listed.setdefault(title, []).extend(spec for spec in ACTIONS if spec.group == group)
    return listed


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

    def follow_workspace(self, *, is_open: bool) -> None:
        """Enable the actions that need a workspace while one is open."""
        self.enable((spec.name for spec in ACTIONS if spec.group in NEEDS_WORKSPACE), on=is_open)

    def enable(self, names: Iterable[str], *, on: bool) -> None:
        for name in names:
            self._actions[name].setEnabled(on)

    def disabled(self, event: QKeyEvent) -> QAction | None:
        """The disabled action with the shortcut that was pressed."""
        pressed = QKeySequence(event.keyCombination()).toString()
        actions = (self._actions[spec.name] for spec in ACTIONS if pressed in SHORTCUTS.of(spec.name))
        return next((action for action in actions if not action.isEnabled()), None)

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
