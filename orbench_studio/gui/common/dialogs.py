"""Dialogs of the whole window: a fault of ours that can be copied, and all errors that nobody has dismissed."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QVBoxLayout, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label


class CrashDialog(QDialog):
    """Our own fault: what was kept, and a report to copy. The texts under review are not in it."""

    def __init__(self, parent: QWidget, report: str) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Something went wrong in the studio"))
        text = QPlainTextEdit(report)
        text.setReadOnly(True)
        text.setObjectName("input")
        text.setAccessibleName(tr("Report"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton(tr("Copy the report"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(report))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(12)
        words = label(tr("This is a fault of the studio, not yours. Every decision made before it is saved."))
        words.setWordWrap(True)
        layout.addWidget(words)
        layout.addWidget(text)
        layout.addWidget(buttons)
        self.resize(640, 400)


class ErrorsDialog(QDialog):
    """Errors in full, the newest first, to be copied or dismissed."""

    dismissed = Signal()  # when the user has read them all

    def __init__(self, parent: QWidget, errors: list[str]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Errors"))
        whole = "\n\n".join(errors)
        text = QPlainTextEdit(whole)
        text.setReadOnly(True)
        text.setObjectName("input")
        text.setAccessibleName(tr("Errors, newest first"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton(tr("Copy all"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(whole))
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
