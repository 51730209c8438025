"""Pictures of every page and dialog as PNG files: light and dark, at three sizes, and with the largest type."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from orbench_studio.colours import DARK, LIGHT
from orbench_studio.domain.annotation import Aspect, Visible
from orbench_studio.domain.batch import BatchState
from orbench_studio.domain.category import Category
from orbench_studio.domain.judgement import ANSWERS
from orbench_studio.domain.review import Decision
from orbench_studio.domain.team import Assignment, Member, TeamQueue
from orbench_studio.gui.application import Application
from orbench_studio.gui.dialogs import CrashDialog
from orbench_studio.gui.evaluate.progress_table import FAILED
from orbench_studio.gui.generate.steps import Step
from orbench_studio.gui.keys_dialog import KeysDialog
from orbench_studio.gui.main_window import MainWindow
from orbench_studio.gui.preferences import PreferencesDialog
from orbench_studio.gui.review.choices import CategoryMenu, NoteDialog
from orbench_studio.gui.review.guidelines_pane import GuidelinesDialog
from orbench_studio.gui.review.page import State
from orbench_studio.gui.review.timeline import TimelineDialog
from orbench_studio.gui.review.undo_since import UndoSinceDialog
from orbench_studio.gui.team.queue_dialog import QueueDialog
from orbench_studio.gui.theme import LARGEST, SMALLEST
from orbench_studio.resources_dir import resources

if TYPE_CHECKING:
    from orbench_studio.services.workspace import Workspace

SIZES = (QSize(1024, 700), QSize(1440, 900), QSize(1920, 1080))
TOKENS = {"light": LIGHT, "dark": DARK}
LARGE_TYPE_ON = QSize(1280, 800)
_HISTORY = (
    (Aspect.LABEL, "toxic"),
    (Aspect.NOTE, "Reads like a question about software. Look at the responses again."),
    (Aspect.FLAG, "on"),
    (Aspect.CATEGORY, "harmful"),
    (Aspect.LABEL, "safe"),
)
_MODELS = ("simulated/mixed@2", "simulated/failing@3", "simulated/helpful")
_MODERATORS = ("simulated/strict", "simulated/moderator", "simulated/lenient")
_MEASURED = 40  # prompts of the demo whose responses are judged for the bench
_DIALOG = 0.6  # of the window
_PATIENCE = 120  # seconds for a page to be complete


def portray(application: Application, folder: Path) -> int:
    """Open the demo, write a picture of everything into the folder and say where; gives the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    application.window.show()
    application.open_demo()
    wait(lambda: application.window.review.state is State.SHOWN)
    for name, widget in _subjects(application):
        for scheme, tokens in TOKENS.items():
            if application.theme.tokens is not tokens:
                application.theme.apply(tokens)
            for size in SIZES:
                _picture(application, widget, size, folder / f"{name}-{scheme}-{size.width()}x{size.height()}.png")
            application.theme.scale(LARGEST)
            size = LARGE_TYPE_ON
            _picture(application, widget, size, folder / f"{name}-{scheme}-{size.width()}x{size.height()}-200.png")
            application.theme.scale(SMALLEST)
        if widget is not application.window:
            widget.close()
    application.close()
    return 0


def wait(ready: Callable[[], bool]) -> None:
    """Let the window live until something is so."""
    until = time.monotonic() + _PATIENCE
    while not ready():
        if time.monotonic() > until:
            raise TimeoutError("the page was not complete in time")
        QApplication.processEvents()
        time.sleep(0.002)  # what is waited for is done in other threads, which need the interpreter


def _subjects(application: Application) -> Iterator[tuple[str, QWidget]]:
    window = application.window
    yield "review", window
    yield from _states_of_the_eye(window)
    window.review.finder.bar.search.setText("no prompt has these words")
    window.review.finder.bar.search.textEdited.emit("")
    wait(lambda: window.review.state is State.EMPTY)
    yield "review-no-match", window
    window.actions_table["clear_filter"].trigger()
    wait(lambda: window.review.state is State.SHOWN)
    window.show_page("page_library")
    wait(lambda: window.library.widget() is not None)
    yield "library", window
    yield from _batches(application)
    yield from _instruments(application)
    yield from _audit(window)
    window.show_page("page_curate")
    wait(lambda: window.curate.result is not None)
    yield "curate", window
    yield from _disputes(application)
    yield from _generate(application)
    yield from _team(application)
    window.show_page("page_review")
    yield from _around(application)
    yield from _dialogs(application)
    fresh = MainWindow(application.session, application.theme)
    fresh.show()
    yield "welcome", fresh


def _instruments(application: Application) -> Iterator[tuple[str, QWidget]]:
    """The bench, before anything is measured and after: people say of every third response what the judges say."""
    # On first use: it brings the database's libraries with it.
    from orbench_studio.services import reviewing

    window, workspace = application.window, application.session.workspace
    assert workspace is not None  # the demo is open
    window.show_page("page_instruments")
    yield "instruments-empty", window
    for prompt_id in range(1, _MEASURED):
        responses = reviewing.load(workspace, prompt_id).responses
        for one in [one for one in responses if one.final.answer_class in ANSWERS][::3]:
            said = Decision(prompt_id, Aspect.ANSWER_CLASS, str(one.final.answer_class), one.response.id)
            reviewing.decide(workspace, said, annotator=application.session.annotator)
    window.instruments.begin()
    wait(lambda: window.instruments.report is not None)
    yield "instruments", window


def _generate(application: Application) -> Iterator[tuple[str, QWidget]]:
    """The generate page: seeds of the demo rewritten and voted on by simulated models."""
    window, workspace = application.window, application.session.workspace
    assert workspace is not None  # the demo is open
    window.show_page("page_generate")
    page, form = window.generate, window.generate.form
    for step, models in ((Step.REWRITES, ("simulated/writer",)), (Step.VOTES, _MODERATORS)):
        form.step.setCurrentIndex(form.step.findData(step))
        form.writer.setText(models[0])
        for name in models if step is Step.VOTES else ():
            form.moderators.add(name)
        wait(form.foot.launch.isEnabled)
        before = _over(workspace)
        form.foot.launch.click()
        wait(partial(_more_is_over, workspace, before))
    wait(lambda: page.moderators.found is not None and len(page.moderators.found.toxic) > len(_MODERATORS))
    yield "generate", window


def _over(workspace: Workspace) -> int:
    """How many batches have nothing left to do."""
    # On first use: it brings the database's libraries with it.
    from orbench_studio.services import evaluating

    return sum(progress.left == 0 for progress in evaluating.overview(workspace))


def _more_is_over(workspace: Workspace, before: int) -> bool:
    return _over(workspace) > before


def _audit(window: MainWindow) -> Iterator[tuple[str, QWidget]]:
    """The audit: its rates, and what would change them."""
    window.show_page("page_audit")
    page = window.audit
    wait(lambda: page.audit is not None)
    yield "audit", window
    page.tabs.go(1)
    wait(lambda: page.what_if.shown is not None)
    yield "audit-what-if", window


def _team(application: Application) -> Iterator[tuple[str, QWidget]]:
    """Nothing yet, then two queues that people are at, and the dialog that makes one."""
    # On first use: it brings the database's libraries with it.
    from orbench_studio.services import claiming, reviewing, teams

    window, workspace = application.window, application.session.workspace
    assert workspace is not None  # the demo is open
    window.show_page("page_team")
    page = window.team
    wait(page.empty.isVisible)
    yield "team-empty", window
    everybody = tuple(Member(name) for name in ("Ada", "Bo", application.session.annotator))
    teams.make(workspace, TeamQueue("Hard, second look", "id:20-60 sort:refusals", 2, members=everybody))
    shares = (Member("Ada", 2), Member("Bo", 1))
    teams.make(workspace, TeamQueue("Privacy", "category:privacy", assignment=Assignment.SHARE, members=shares))
    for who, label in (("Ada", "safe"), ("Bo", "toxic")):
        claiming.take(workspace, "Hard, second look", annotator=who, ahead=12)
        for claim in claiming.given(workspace, "Hard, second look", annotator=who)[: 9 if who == "Ada" else 4]:
            said = label if claim.prompt_id % 4 == 0 else "safe"
            reviewing.decide(workspace, Decision(claim.prompt_id, Aspect.LABEL, said), annotator=who)
    page.look()
    wait(lambda: len(page.standings) == 2)
    yield "team", window
    page.ask(page.standings[1].queue)
    yield "team-dialog", page.findChildren(QueueDialog)[-1]


def _disputes(application: Application) -> Iterator[tuple[str, QWidget]]:
    """Nothing disputed, then a response and a label on which two people disagree."""
    # On first use: it brings the database's libraries with it.
    from orbench_studio.services import reviewing

    window, workspace = application.window, application.session.workspace
    assert workspace is not None  # the demo is open
    window.show_page("page_disputes")
    yield "disputes-empty", window
    window.show_page("page_review")
    response = reviewing.load(workspace, 2).responses[0].response.id
    for who, answer, label in (("Ada", "direct_answer", "safe"), ("Bo", "partial_refusal", "toxic")):
        why = "answers in the end" if who == "Ada" else "only warns, then answers"
        said = Decision(2, Aspect.ANSWER_CLASS, answer, response, why)
        seen = frozenset({Visible.RESPONSES})
        reviewing.decide(workspace, said, annotator=who, visible=seen)
        reviewing.decide(workspace, Decision(3, Aspect.LABEL, label), annotator=who, visible=seen)
    window.show_page("page_disputes")
    wait(lambda: window.disputes.case is not None)
    yield "disputes-response", window
    window.disputes.list.setCurrentRow(1)
    wait(lambda: window.disputes.case is not None and window.disputes.case.about.prompt_id == 3)
    yield "disputes-label", window
    for left in (1, 0):
        wait(lambda: window.disputes.case is not None)
        case = window.disputes.case
        of_label = case is not None and case.about.response_id is None
        window.disputes.settle("safe" if of_label else "direct_answer")
        wait(partial(_settled, window, left))


def _settled(window: MainWindow, left: int) -> bool:
    """Whether so many disputes are left, and one of them is shown."""
    page = window.disputes
    return len(page.disputes) == left and (page.case is not None or not left)


def _around(application: Application) -> Iterator[tuple[str, QWidget]]:
    """What is around the queue, on a prompt with a history."""
    # On first use: it brings the database's libraries with it.
    from orbench_studio.services import reviewing

    review, session = application.window.review, application.session
    actions = application.window.actions_table
    workspace, shown = session.workspace, review.view
    assert workspace is not None  # the demo is open
    assert shown is not None  # and has prompts
    for aspect, value in _HISTORY:
        reviewing.decide(workspace, Decision(shown.prompt.id, aspect, value), annotator=session.annotator)
    reviewing.undo(workspace, annotator=session.annotator)
    review.start(at=shown.prompt.id)
    wait(lambda: review.state is State.SHOWN)
    actions["guidelines"].trigger()
    yield "guidelines", application.window
    actions["guidelines"].trigger()
    for name, kind in (("timeline", TimelineDialog), ("undo_since", UndoSinceDialog)):
        actions[name].trigger()
        yield name.replace("_", "-"), review.findChildren(kind)[-1]
    review.around.guidelines.edit_wanted.emit()
    wait(lambda: bool(review.findChildren(GuidelinesDialog)))
    yield "guidelines-edit", review.findChildren(GuidelinesDialog)[-1]


def _batches(application: Application) -> Iterator[tuple[str, QWidget]]:
    """The evaluate page before the first batch, with one composed, at work, and at its end."""
    page = application.window.evaluate
    form = page.compose
    application.window.show_page("page_evaluate")
    yield "evaluate-empty", application.window
    for model in _MODELS:
        form.models.add(model)
    form.judge.setCurrentIndex(1)
    wait(form.foot.launch.isEnabled)
    yield "evaluate-composed", application.window
    form.options.opener.click()
    yield "evaluate-options", application.window
    form.options.opener.click()
    form.foot.launch.click()
    failed = page.batch.models.model()
    wait(lambda: failed.rowCount() > 1 and bool(failed.index(1, FAILED).data()))
    yield "evaluate-at-work", application.window
    wait(lambda: page.batches.model().index(0, 2).data() == BatchState.FINISHED)
    wait(lambda: page.batch.failures.table.model().rowCount() > 0)
    yield "evaluate-finished", application.window


def _states_of_the_eye(window: MainWindow) -> Iterator[tuple[str, QWidget]]:
    """Two responses at once, and a covered text."""
    act = window.actions_table
    settings = window.review.eye.shield.settings
    act["side_by_side"].trigger()
    yield "review-side-by-side", window
    act["side_by_side"].trigger()
    settings.shielded = [str(category) for category in Category]
    window.review.eye.prefer()
    yield "review-covered", window
    settings.shielded = []
    window.review.eye.prefer()


def _dialogs(application: Application) -> Iterator[tuple[str, QWidget]]:
    # On first use: they bring the file formats with them.
    from orbench_studio.gui.library.export_dialog import ExportDialog
    from orbench_studio.gui.library.import_dialog import ImportDialog
    from orbench_studio.gui.library.mapping_dialog import MappingDialog
    from orbench_studio.gui.library.server_dialog import ServerDialog
    from orbench_studio.services.importing import ColumnMapping, preview_file

    window = application.window
    file = resources() / "demo" / "privacy.jsonl"
    importing = ImportDialog(window, application.session)
    importing.begin([file])
    wait(lambda: not importing.run.running)
    yield "import", importing
    window.export()
    exporting = window.findChildren(ExportDialog)[-1]
    wait(lambda: exporting.begin.isEnabled())
    yield "export", exporting
    preview = preview_file(file)
    for name, dialog in (
        ("columns", MappingDialog(window, file.name, preview, preview.proposal or ColumnMapping())),
        ("keys", KeysDialog(window)),
        ("preferences", PreferencesDialog(window, application.session.settings, lambda _name: None)),
        ("note", NoteDialog(window, "")),
        ("server", ServerDialog(window, application.session, None, "There is no connection to the server.")),
        ("crash", CrashDialog(window, "Traceback (most recent call last):\n  …")),
        ("category", CategoryMenu(window, Category.PRIVACY)),
    ):
        dialog.show()
        yield name, dialog


def _picture(application: Application, widget: QWidget, size: QSize, file: Path) -> None:
    if not isinstance(widget, QMenu):
        widget.resize(size if isinstance(widget, MainWindow) else size * _DIALOG)
    settled = time.monotonic() + 0.1
    wait(lambda: time.monotonic() > settled)  # lines of lists arrive on their own
    widget.grab().save(str(file))
