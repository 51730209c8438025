"""Every dialog: names, roles and states for screen readers, and Tab through it in the order in which one reads it."""

import importlib
import pkgutil
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QDialog, QInputDialog, QMessageBox, QScrollArea

import orbench_studio.gui
from orbench_studio.domain.team.queue import Member, TeamQueue
from orbench_studio.gui.common import dialogs
from orbench_studio.gui.common.file_dialog import FileDialog
from orbench_studio.gui.common.guide import GuideDialog
from orbench_studio.gui.common.preferences import PreferencesDialog
from orbench_studio.gui.common.shortcuts_dialog import ShortcutsDialog
from orbench_studio.gui.curation.compare_dialog import CompareDialog
from orbench_studio.gui.curation.duplicates_dialog import DuplicatesDialog
from orbench_studio.gui.curation.nearest_dialog import NearestDialog
from orbench_studio.gui.data.export_dialog import ExportDialog
from orbench_studio.gui.data.hub_dialog import HubDialog
from orbench_studio.gui.data.import_dialog import ImportDialog
from orbench_studio.gui.evaluation.model_picker import ModelPicker
from orbench_studio.gui.generation.rejected_texts import RejectedTextsDialog
from orbench_studio.gui.generation.template_field import TemplateDialog
from orbench_studio.gui.review.bulk_dialog import BulkDialog
from orbench_studio.gui.review.guidelines_pane import GuidelinesDialog
from orbench_studio.gui.review.notes import NoteDialog
from orbench_studio.gui.review.timeline_dialog import TimelineDialog
from orbench_studio.gui.review.undo_dialog import UndoSinceDialog
from orbench_studio.gui.team.assign_dialog import AssignDialog
from orbench_studio.gui.team.check_dialog import CheckDialog
from orbench_studio.gui.team.gold_dialog import GoldDialog
from orbench_studio.gui.team.queue_dialog import QueueDialog
from orbench_studio.gui.team.removal_dialog import RemovalDialog
from orbench_studio.gui.workspace.moved_dialog import MovedDialog
from orbench_studio.gui.workspace.server_dialog import ServerDialog
from orbench_studio.services.core.templates import Template
from orbench_studio.services.evaluation import model_catalogue
from orbench_studio.services.evaluation.prices import load_prices
from orbench_studio.services.team import team_queues
from orbench_studio.services.workspace.workspace import open_workspace
from tests.gui.common.test_accessibility import faults

QUEUE = TeamQueue("hard", "id:1-20", 2, members=(Member("ada"), Member("bo")))


def dialog_classes():
    """All classes of dialogs in the package, without those that others are made of."""
    for module in pkgutil.walk_packages(orbench_studio.gui.__path__, "orbench_studio.gui."):
        importlib.import_module(module.name)
    found, queue = set(), [QDialog]
    while queue:
        of = queue.pop()
        queue += of.__subclasses__()
        if of.__module__.startswith("orbench_studio.") and not of.__subclasses__():
            found.add(of)
    return found


def disordered(window):
    """Pairs of stops of Tab of which the second one is above the first one, or left of it in its line."""
    chain, at = [], window
    while (at := at.nextInFocusChain()) is not window:
        is_stop = at.focusPolicy() & Qt.FocusPolicy.TabFocus and at.isVisible() and at.isEnabled()
        if is_stop and at.window() is window and not any(part.focusProxy() is at for part in chain):
            chain.append(at)
    places = [QRect(stop.mapTo(window, QPoint()), stop.size()) for stop in chain]
    found = []
    for (first, here), (second, there) in pairwise(zip(chain, places, strict=True)):
        area = next((area for area in window.findChildren(QScrollArea) if area.isAncestorOf(first)), None)
        inside = first.isAncestorOf(second) or second.isAncestorOf(first)
        inside |= area is not None and not area.isAncestorOf(second)  # the first one may be out of view
        in_line = abs(here.center().y() - there.center().y()) < min(here.height(), there.height()) // 2
        back = there.right() < here.left() if in_line else there.bottom() < here.top() and there.left() < here.right()
        if back and not inside:
            found.append(f"Tab goes back from {named(first)} to {named(second)}")
    return found


def named(widget):
    text = widget.accessibleName() or getattr(widget, "text", lambda: "")() or widget.objectName()
    return f"{type(widget).__name__} {text}"


def opened(studio, file):
    """Each dialog on the window with a workspace, a team queue and a file to import."""
    window, page, session = studio.window, studio.page, studio.application.session
    theme, workspace = studio.application.theme, session.workspace
    importing = ImportDialog(window, session)
    importing.begin([file])
    moved = MovedDialog(window, "The file was moved.", Path("a.orbench"))
    moved.offer(Path("copy.orbench"), can_merge=True)
    scopes = {"Prompt #1": [1], "All": [1, 2]}
    dialogs.confirm(window, "Replace?", "It is there already.", "Replace", lambda: None)
    dialogs.ask_text(window, "Name?", "The name of the view:", lambda _text: None)
    return [
        importing,
        moved,
        HubDialog(window, session),
        ExportDialog(window, session, "category:privacy"),
        NoteDialog(page, 1),
        ShortcutsDialog(window),
        PreferencesDialog(window, session.settings, lambda _name: None),
        dialogs.CrashDialog(window, "Traceback"),
        dialogs.ErrorsDialog(window, ["A fault"]),
        dialogs.ReportDialog(window, "Not saved", "These decisions are not saved:", "#1 safe"),
        dialogs.AboutDialog(window, session.settings.file),
        GuideDialog(window, theme, "review"),
        GuidelinesDialog(page, []),
        UndoSinceDialog(page, session),
        TimelineDialog(page, page.view, covered=False),
        BulkDialog(page, session, {"queue": [1, 2]}, wanted=None, visible=frozenset(), shown_as=lambda row: row),
        AssignDialog(window, session, scopes),
        CheckDialog(window, session, scopes, "ada"),
        QueueDialog(window, session, QUEUE, ""),
        GoldDialog(window, session),
        RemovalDialog(window, session, ["ada"]),
        ServerDialog(window, session, None, "There is no connection."),
        CompareDialog(window, session, "hard"),
        DuplicatesDialog(window, session, theme),
        NearestDialog(page, session, theme, 1, "How do I stop?"),
        ModelPicker(window, model_catalogue.groups(workspace, load_prices()), ["simulated/mixed"]),
        RejectedTextsDialog(window, session),
        TemplateDialog(window, Template(Path("a.txt"), "Rewrite {text}.")),
        FileDialog(window, "Import files", "tables"),
        *window.findChildren(QMessageBox),
        *window.findChildren(QInputDialog),
    ]


def test_every_dialog_is_usable_by_keyboard_and_screen_reader(start, path, made):
    with open_workspace(path) as other:
        team_queues.make(other, QUEUE)
    with start(path) as studio:
        every, found = opened(studio, made.with_name("or-bench.csv")), {}
        assert {type(dialog) for dialog in every} - {QMessageBox, QInputDialog} == dialog_classes()
        for dialog in every:
            dialog.open()
            studio.wait(lambda: not studio._is_busy())
            found[type(dialog).__name__] = [*faults(dialog), *disordered(dialog)]
            if not dialog.windowTitle():
                found[type(dialog).__name__].append("has no title")
            dialog.reject()
        assert {name: wrong for name, wrong in found.items() if wrong} == {}
