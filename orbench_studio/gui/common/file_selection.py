"""File dialogs for workspaces and tables that do not block the window.

The dialog is imported on first use: it would delay the first frame of the window.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from orbench_studio.gui.common.actions import tr

if TYPE_CHECKING:
    from orbench_studio.gui.common.file_dialog import FileDialog

_WORKSPACES = "Workspaces (*.orbench)"
_TABLES = "Tables (*.csv *.tsv *.txt *.jsonl *.json *.parquet *.arrow *.xlsx *.ods *.gz *.zip *.eval);;All files (*)"


def ask_workspace(parent: QWidget, chosen: Callable[[Path], None]) -> None:
    dialog = _dialog(parent, tr("Open workspace"), "workspaces", _WORKSPACES)
    dialog.setFileMode(dialog.FileMode.ExistingFile)
    dialog.fileSelected.connect(lambda name: chosen(Path(name)))
    dialog.open()


def ask_new_workspace(parent: QWidget, chosen: Callable[[Path], None]) -> None:
    _ask_new(parent, tr("New workspace"), chosen)


def ask_copy(parent: QWidget, name: str, chosen: Callable[[Path], None]) -> None:
    _ask_new(parent, tr("Save a copy"), chosen, f"{name}-copy.orbench")


def ask_tables(parent: QWidget, chosen: Callable[[list[Path]], None]) -> None:
    dialog = _dialog(parent, tr("Import files"), "imports", _TABLES)
    dialog.setFileMode(dialog.FileMode.ExistingFiles)
    dialog.filesSelected.connect(lambda names: chosen([Path(name) for name in names]))
    dialog.open()


def _ask_new(parent: QWidget, title: str, chosen: Callable[[Path], None], proposed: str = "") -> None:
    dialog = _dialog(parent, title, "workspaces", _WORKSPACES)
    dialog.setAcceptMode(dialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("orbench")
    dialog.setOption(dialog.Option.DontConfirmOverwrite)  # an existing file is never overwritten
    if proposed:
        dialog.selectFile(proposed)
    dialog.fileSelected.connect(lambda name: chosen(Path(name)))
    dialog.open()


def _dialog(parent: QWidget, title: str, kind: str, names: str) -> FileDialog:
    from orbench_studio.gui.common.file_dialog import FileDialog

    dialog = FileDialog(parent, title, kind)
    dialog.setNameFilter(tr(names))
    return dialog
