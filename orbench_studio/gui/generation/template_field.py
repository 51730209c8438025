"""A field for the prompt template of a step: the built-in one, or a file."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QToolButton, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import Dialog, set_size
from orbench_studio.gui.common.file_dialog import FileDialog
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import column_layout, row_layout
from orbench_studio.gui.common.widgets import if_alive, label, set_tip
from orbench_studio.gui.generation.steps import Step, read_template
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.core.templates import Template
from orbench_studio.services.workspace.workspace import Workspace


class TemplateField(QWidget):
    """Shows the name of the template, with buttons to view it, to choose a file, and to reset it."""

    changed = Signal()

    def __init__(self, session: Session, step: Step) -> None:
        super().__init__()
        self._session, self._step = session, step
        self.file: Path | None = None
        self.name = label("", "quiet", wrap=True)
        self.view, self.choose, self.reset = (QPushButton(tr("View…")), QPushButton(tr("Choose…")), QToolButton())
        self._build_ui()
        self.view.clicked.connect(self._view)
        self.choose.clicked.connect(self._choose_file)
        self.reset.clicked.connect(lambda: self.set_file(None))
        self.set_file(None)

    def set_file(self, file: Path | None) -> None:
        """Use the template in a file, or the built-in one for None."""
        self.file = file
        self.name.setText(tr("built-in") if file is None else file.name)
        set_tip(self.name, "" if file is None else str(file))
        self.reset.setVisible(file is not None)
        self.changed.emit()

    def _choose_file(self) -> None:
        dialog = FileDialog(self, tr("Choose a template file"), "templates")
        dialog.setFileMode(FileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.set_file(Path(name)))
        dialog.open()

    def _view(self) -> None:
        step, file = self._step, self.file

        def work(_workspace: Workspace) -> Template:
            return read_template(step, file)

        self._session.run(work, if_alive(self, lambda found: TemplateDialog(self, found).open()))

    def _build_ui(self) -> None:
        self.reset.setText("✕")
        self.reset.setAccessibleName(tr("Use the built-in template"))
        set_tip(self.reset, self.reset.accessibleName())
        set_tip(self.choose, tr("Use a template from a text file"))
        self.setFocusProxy(self.view)
        line = row_layout(None, (self.name, 1), self.reset)
        column_layout(self, line, Flow(self.view, self.choose), margins=(0, 6, 0, 0), spacing=4)


class TemplateDialog(Dialog):
    """Shows a template and its hash, which is stored with every result."""

    def __init__(self, parent: QWidget, template: Template) -> None:
        super().__init__(parent, tr("Template: {file}").format(file=template.file.name))
        self.text = QPlainTextEdit(template.text, readOnly=True)
        self.text.setObjectName("input")
        self.text.setAccessibleName(tr("Template"))
        self.hash = label(tr("SHA-256, stored with every result: {hash}").format(hash=template.hash), "meta", wrap=True)
        self.hash.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        hint = tr(
            "Placeholders in braces are filled in. To change the template, copy it into a file and choose that file."
        )
        column_layout(self, label(hint, "quiet"), self.text, self.hash, margins=None)
        set_size(self, 720, 560)
