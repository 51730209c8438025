"""The dialog that asks for files and folders, and opens none of them.

Closing a file anywhere in a process drops the locks that SQLite holds on it there (POSIX). Qt's own dialog opens every
file that it lists to find out its kind, an open workspace among them; the next process to leave that workspace would
then take it for unused and delete the log that the window goes on writing to.
"""

from __future__ import annotations

import sys

from PySide6.QtCore import QDir, QFileInfo, Qt
from PySide6.QtGui import QAbstractFileIconProvider, QIcon
from PySide6.QtWidgets import QApplication, QFileDialog, QStyle, QWidget


class _Kinds(QAbstractFileIconProvider):
    """What kind of thing it is, as its name tells."""

    def icon(self, what: QFileInfo | QAbstractFileIconProvider.IconType) -> QIcon:
        folder = what.isDir() if isinstance(what, QFileInfo) else what != QAbstractFileIconProvider.IconType.File
        shape = QStyle.StandardPixmap.SP_DirIcon if folder else QStyle.StandardPixmap.SP_FileIcon
        return QApplication.style().standardIcon(shape)

    def type(self, info: QFileInfo) -> str:
        return "" if info.isDir() else info.suffix()


class FileDialog(QFileDialog):
    """Goes on where the last one was left, unless a folder is named; gone when it is closed."""

    _last = QDir.currentPath()

    def __init__(self, parent: QWidget, title: str, folder: str = "") -> None:
        super().__init__(parent, title, QDir.rootPath())  # it lists a folder before it can be told how
        self._kinds = _Kinds()
        self.setIconProvider(self._kinds)
        if sys.platform == "linux":  # the desktop's own dialog lives in this process, and opens what it lists
            self.setOption(QFileDialog.Option.DontUseNativeDialog)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setDirectory(folder or FileDialog._last)

    def done(self, result: int) -> None:
        FileDialog._last = self.directory().absolutePath()
        super().done(result)
