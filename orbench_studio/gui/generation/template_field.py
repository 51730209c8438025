"""With which words models are asked: the studio's own, or those of a file that stands in for them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.file_dialog import FileDialog
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.widgets import label, set_tip, while_there
from orbench_studio.gui.generation.steps import Step, read_wording
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.core.templates import Template
    from orbench_studio.services.workspace.workspace import Workspace


class TemplateField(QWidget):
    """Names what is used, shows it, takes a file in its place, and goes back."""

    changed = Signal()

    def __init__(self, session: Session, step: Step) -> None:
        super().__init__()
        self._session, self._step = session, step
        self.file: Path | None = None
        self.names = label("", "quiet")
        self.show_it, self.choose, self.own = (
            QPushButton(tr("Show…")),
            QPushButton(tr("File…")),
            QToolButton(),
        )
        self._build_ui()
        self.show_it.clicked.connect(self._show)
        self.choose.clicked.connect(self._ask_file)
        self.own.clicked.connect(lambda: self.take(None))
        self.take(None)

    def take(self, file: Path | None) -> None:
        """Use the wording of a file, or the studio's own."""
        self.file = file
        self.names.setText(tr("the studio's own") if file is None else file.name)
        set_tip(self.names, "" if file is None else str(file))
        self.own.setVisible(file is not None)
        self.changed.emit()

    def _ask_file(self) -> None:
        dialog = FileDialog(self, tr("A wording of your own"))
        dialog.setFileMode(FileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda name: self.take(Path(name)))
        dialog.open()

    def _show(self) -> None:
        step, file = self._step, self.file

        def work(_workspace: Workspace) -> Template:
            return read_wording(step, file)

        self._session.run(work, while_there(self, lambda found: TemplateDialog(self, found).open()))

    def _build_ui(self) -> None:
        self.names.setWordWrap(True)
        self.own.setText("✕")
        self.own.setAccessibleName(tr("Back to the studio's own wording"))
        set_tip(self.own, self.own.accessibleName())
        set_tip(self.choose, tr("A wording of your own, out of a file"))
        self.setFocusProxy(self.show_it)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 0)
        column.setSpacing(4)
        line = QHBoxLayout()
        line.addWidget(self.names, 1)
        line.addWidget(self.own)
        column.addLayout(line)
        column.addWidget(Flow(self.show_it, self.choose))


class TemplateDialog(QDialog):
    """The wording as it is, to be read and copied, and the hash that tells results of it from others."""

    def __init__(self, parent: QWidget, template: Template) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"{tr('Wording')}: {template.file.name}")
        self.text = QPlainTextEdit(template.text)
        self.text.setReadOnly(True)
        self.text.setObjectName("input")
        self.text.setAccessibleName(tr("Wording"))
        self.hash = label(f"{tr('Every result keeps its hash')}: {template.hash}", "meta")
        self.hash.setWordWrap(True)
        self.hash.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        words = tr("What stands in braces is filled in. To change it, copy it into a file and choose that.")
        for widget in (label(words, "quiet"), self.text, self.hash):
            column.addWidget(widget)
        self.resize(720, 560)
