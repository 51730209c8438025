"""A file dialog that never opens the files that it lists.

Closing a file anywhere in a process drops the locks that SQLite holds on it there (POSIX). Qt's own dialog opens every
file that it lists to detect its type, including an open workspace; the next process that closes the workspace would
then consider it unused and delete the log that the window still writes to.
"""

import sys

from PySide6.QtCore import QDir, QFileInfo, Qt
from PySide6.QtGui import QAbstractFileIconProvider, QIcon
from PySide6.QtWidgets import QApplication, QFileDialog, QHeaderView, QStyle, QToolButton, QTreeView, QWidget

from orbench_studio.gui.common.page_stack import pixmap
from orbench_studio.gui.common.remembered import FOLDER, Remembered
from orbench_studio.gui.common.theme import px

_BUTTONS = {
    "backButton": "arrow-left",
    "forwardButton": "arrow-right",
    "toParentButton": "arrow-up",
    "newFolderButton": "folder-plus",
}
_ICON, _WIDE, _HIGH = 16, 760, 480  # pixels


class _Icons(QAbstractFileIconProvider):
    """File types by name alone."""

    def icon(self, what: QFileInfo | QAbstractFileIconProvider.IconType) -> QIcon:
        folder = what.isDir() if isinstance(what, QFileInfo) else what != QAbstractFileIconProvider.IconType.File
        shape = QStyle.StandardPixmap.SP_DirIcon if folder else QStyle.StandardPixmap.SP_FileIcon
        return QApplication.style().standardIcon(shape)

    def type(self, info: QFileInfo) -> str:
        return "" if info.isDir() else info.suffix()


class FileDialog(QFileDialog):
    """A file dialog that starts in the folder that the last one of its kind left, unless a folder is given.

    The first one of a kind starts in `first`, or else in the folder that the last one of any kind left.
    """

    def __init__(self, parent: QWidget, title: str, kind: str, folder: str = "", first: str = "") -> None:
        super().__init__(parent, title, QDir.rootPath())  # it lists a folder before its options can be set
        self._icons, self._key = _Icons(), f"{FOLDER} of {kind}"
        self.setIconProvider(self._icons)
        if sys.platform == "linux":  # the desktop's own dialog lives in this process, and opens what it lists
            self.setOption(QFileDialog.Option.DontUseNativeDialog)
            self._fit()
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        folders = (folder, Remembered.choices.get(self._key, ""), first, Remembered.choices.get(FOLDER, ""))
        there = (name for name in folders if name and QDir(name).exists())  # an empty path shows the list of drives
        self.setDirectory(next(there, QDir.currentPath()))

    def _fit(self) -> None:
        """Give Qt's dialog buttons that can be seen in a dark window, and columns as wide as their texts."""
        colour = self.palette().windowText().color().name()
        for part, icon in _BUTTONS.items():
            if (button := self.findChild(QToolButton, part)) is not None:
                button.setIcon(QIcon(pixmap(icon, colour, px(_ICON))))
        if (files := self.findChild(QTreeView, "treeView")) is not None:
            files.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
            files.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.resize(px(_WIDE), px(_HIGH))

    def done(self, result: int) -> None:
        folder = self.directory().absolutePath()
        chosen = self.selectedFiles()
        if result and chosen and self.fileMode() is not QFileDialog.FileMode.Directory:
            folder = QFileInfo(chosen[0]).absolutePath()  # a path that was typed does not change the folder shown
        Remembered.choices[FOLDER] = Remembered.choices[self._key] = folder
        super().done(result)
