"""Dialogs with a text to read and copy: an unexpected error, the list of current errors, about the program."""

import platform
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QInputDialog, QMessageBox, QPlainTextEdit, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.layouts import Item, column_layout
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label
from orbench_studio.log import log_file
from orbench_studio.version import __version__

_MOST = 0.95  # share of the screen
_LINE, _MOST_LINES = 18, 14  # pixels of a line, and lines that are in view


def set_size(dialog: QDialog, width: int, height: int) -> None:
    """Give a dialog a size in pixels at the default text size, within the screen."""
    dialog.resize(QSize(px(width), px(height)).boundedTo(dialog.screen().availableSize() * _MOST))


def confirm(
    parent: QWidget,
    title: str,
    text: str,
    verb: str,
    confirmed: Callable[[], object],
    refuse: str = "",
    more: Sequence[tuple[str, Callable[[], object]]] = (),
) -> None:
    """Ask a question whose default is to do nothing, which `refuse` names; `verb` or a button of `more` does it."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, title, text, parent=parent)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setTextFormat(Qt.TextFormat.PlainText)
    for name, act in (*more, (verb, confirmed)):
        box.addButton(name, QMessageBox.ButtonRole.AcceptRole).clicked.connect(lambda _checked=False, a=act: a())
    box.setDefaultButton(box.addButton(refuse or tr("Cancel"), QMessageBox.ButtonRole.RejectRole))
    box.open()


def ask_text(
    parent: QWidget, title: str, question: str, done: Callable[[str], object], *, text: str = "", verb: str = ""
) -> None:
    """Ask for a line of text, which may be empty; `verb` is the button that takes it."""
    dialog = QInputDialog(parent)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setWindowTitle(title)
    dialog.setLabelText(question)
    dialog.setTextValue(text)
    if verb:
        dialog.setOkButtonText(verb)
    dialog.textValueSelected.connect(done)
    dialog.open()


class Dialog(QDialog):
    """A dialog that is deleted once it is closed."""

    def __init__(self, parent: QWidget, title: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)

    def fill(self, *items: Item, size: tuple[int, int]) -> None:
        """Lay out the content below each other, the buttons last; the size is in pixels as in `set_size`."""
        column_layout(self, *items, margins=(24, 24, 24, 16), spacing=12)
        set_size(self, *size)


class _TextDialog(Dialog):
    """A read-only text below an explanation, with buttons that copy it and close the dialog."""

    def __init__(self, parent: QWidget, title: str, text: str, *, name: str, copy: str, explanation: str = "") -> None:
        super().__init__(parent, title)
        shown = QPlainTextEdit(text, readOnly=True)
        shown.setObjectName("input")
        shown.setAccessibleName(name)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        button = self.buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        button.clicked.connect(lambda: QGuiApplication.clipboard().setText(text))
        self.buttons.rejected.connect(self.reject)
        words = [label(explanation, wrap=True)] if explanation else []
        lines = min(text.count("\n") + 1, _MOST_LINES)
        self.fill(*words, shown, self.buttons, size=(640, 200 + lines * _LINE))


class CrashDialog(_TextDialog):
    """An unexpected error with a report to copy. The report has no prompts or responses."""

    def __init__(self, parent: QWidget, report: str) -> None:
        explanation = tr(
            "This is a bug in OR-Bench Studio. All decisions up to this point are saved. To report it, copy the report "
            "and open an issue where you got the program."
        )
        title, name, copy = tr("Unexpected error"), tr("Report"), tr("Copy report")
        super().__init__(parent, title, report, name=name, copy=copy, explanation=explanation)


class ErrorsDialog(_TextDialog):
    """All current errors, newest first, to copy or dismiss."""

    dismissed = Signal()  # by "Dismiss all"

    def __init__(self, parent: QWidget, errors: list[str]) -> None:
        name = tr("Errors, newest first")
        super().__init__(parent, tr("Errors"), "\n\n".join(errors), name=name, copy=tr("Copy all"))
        dismiss = self.buttons.addButton(tr("Dismiss all"), QDialogButtonBox.ButtonRole.DestructiveRole)
        dismiss.clicked.connect(self.dismissed)
        dismiss.clicked.connect(self.accept)


class ReportDialog(_TextDialog):
    """What an operation reports beside its result, to read and copy."""

    def __init__(self, parent: QWidget, title: str, explanation: str, report: str) -> None:
        super().__init__(parent, title, report, name=tr("Report"), copy=tr("Copy report"), explanation=explanation)


class AboutDialog(_TextDialog):
    """Version, licence, and the files to name in a bug report."""

    def __init__(self, parent: QWidget, settings_file: Path) -> None:
        lines = (
            f"OR-Bench Studio {__version__}",
            f"Python {platform.python_version()}, Qt {qVersion()}, {platform.platform()}",
            tr("Settings file: {path}").format(path=settings_file),
            tr("Log file: {path}").format(path=log_file()),
            tr("Licence: Apache-2.0"),
        )
        explanation = tr("Review, audit and curate over-refusal benchmarks of language models.")
        title, name, copy = tr("About OR-Bench Studio"), tr("Versions and files"), tr("Copy")
        super().__init__(parent, title, "\n".join(lines), name=name, copy=copy, explanation=explanation)
