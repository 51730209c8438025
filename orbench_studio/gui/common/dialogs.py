"""Dialogs for an unexpected error and for the list of current errors."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label


class CrashDialog(QDialog):
    """An unexpected error with a report to copy. The report has no prompts or responses."""

    def __init__(self, parent: QWidget, report: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Unexpected error"))
        text = QPlainTextEdit(report)
        text.setReadOnly(True)
        text.setObjectName("input")
        text.setAccessibleName(tr("Report"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton(tr("Copy report"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(report))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        explanation = label(tr("This is a bug in OR-Bench Studio. All decisions up to this point are saved."))
        explanation.setWordWrap(True)
        layout.addWidget(explanation)
        layout.addWidget(text)
        layout.addWidget(buttons)
        self.resize(640, 400)


class ErrorsDialog(QDialog):
    """All current errors, newest first, to copy or dismiss."""

    dismissed = Signal()  # by "Dismiss all"

    def __init__(self, parent: QWidget, errors: list[str]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Errors"))
        full_text = "\n\n".join(errors)
        text = QPlainTextEdit(full_text)
        text.setReadOnly(True)
        text.setObjectName("input")
        text.setAccessibleName(tr("Errors, newest first"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton(tr("Copy all"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(full_text))
        dismiss = buttons.addButton(tr("Dismiss all"), QDialogButtonBox.ButtonRole.DestructiveRole)
        dismiss.clicked.connect(self.dismissed)
        dismiss.clicked.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        layout.addWidget(text)
        layout.addWidget(buttons)
        self.resize(px(640), px(320))
