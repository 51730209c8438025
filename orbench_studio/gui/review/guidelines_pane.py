"""The guidelines: a pane to read them, and a dialog to write them."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QFrame,
    QListWidget,
    QPlainTextEdit,
    QPushButton,
    QStackedLayout,
    QToolButton,
    QWidget,
)

from orbench_studio.domain.review.consistency import Drift
from orbench_studio.domain.review.guideline import FIRST_TEXT, Guideline
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import Dialog
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.text_pane import TextPane, Type
from orbench_studio.gui.common.theme import READING, READING_LINE, Theme, px
from orbench_studio.gui.common.widgets import ENTER, label, rule

_NARROWEST = 264
_LIST = 240


class GuidelinesPane(QFrame):
    """The current version as styled Markdown, or an explanation where there is none."""

    edit_wanted = Signal()  # when the user wants to write guidelines

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._version = label("", "meta")
        self._text = TextPane(theme, Type(READING, READING_LINE), markdown=True)
        self._edit = QToolButton()
        self._drift = label("", "meta", wrap=True)
        self._body = QStackedLayout()
        self._build_ui()

    def show_versions(self, versions: Sequence[Guideline]) -> None:
        """Show the last version."""
        text = versions[-1].text if versions else ""
        self._text.show_text(text)
        self._version.setText(tr("version {number}").format(number=versions[-1].version) if versions else "")
        self._version.setToolTip(_words(versions[-1]) if versions else "")
        self._edit.setVisible(bool(text))
        self._body.setCurrentIndex(0 if text else 1)

    def show_drift(self, drift: Drift) -> None:
        """Show how earlier decisions changed when they were shown again under the current version."""
        self._drift.setVisible(bool(drift.changed.n))
        text = tr("Earlier decisions that changed when shown again under this version: {changed}")
        self._drift.setText(text.format(changed=drift.words))

    def _build_ui(self) -> None:
        self.setMinimumWidth(_NARROWEST)
        self._drift.hide()
        self._text.setAccessibleName(tr("Guidelines"))
        self._edit.setText(tr("Edit…"))
        self._edit.setProperty("role", "link")
        self._edit.setAccessibleName(tr("Edit the guidelines"))
        self._edit.clicked.connect(self.edit_wanted)
        head = row_layout(
            None, label(tr("Guidelines"), "strong"), 8, self._version, Stretch(), self._edit, margins=(20, 0, 12, 0)
        )
        top = QWidget()
        top.setFixedHeight(40)
        top.setLayout(head)
        reading = QWidget()
        column_layout(reading, self._drift, self._text, margins=(20, 16, 8, 16), spacing=12)
        column_layout(self, top, rule(), (self._body, 1), spacing=0)
        self._body.addWidget(reading)  # now: in a layout without a widget it would be shown as a window
        self._body.addWidget(self._empty())
        self.show_versions(())

    def _empty(self) -> QWidget:
        page = QWidget()
        title = label(tr("No guidelines yet"), "strong")
        words = label(
            tr(
                "Describe how to label borderline prompts, with examples. All annotators then use the same rules, and "
                "each decision records the version of the guidelines."
            ),
            "quiet",
            wrap=True,
        )
        write = QPushButton(tr("Write guidelines…"))
        write.clicked.connect(self.edit_wanted)
        column_layout(
            page, title, words, (write, Qt.AlignmentFlag.AlignLeft), Stretch(), margins=(20, 16, 20, 16), spacing=12
        )
        return page


class GuidelinesDialog(Dialog):
    """Write the next version, from the current or an older one. Stays open until the caller has saved it."""

    written = Signal(str)  # when the user wants the text saved
    left = Signal(str)  # with the unsaved text, when the user cancels

    def __init__(self, parent: QWidget, versions: Sequence[Guideline], draft: str = "") -> None:
        super().__init__(parent, tr("Guidelines"))
        self._versions = [*versions][::-1]
        self._current = versions[-1].text if versions else ""
        self._text = QPlainTextEdit(draft or self._current or ("" if versions else FIRST_TEXT))
        self._list = QListWidget()
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Close)
        self._build_ui()
        self._text.textChanged.connect(self._update_buttons)
        self._list.currentRowChanged.connect(self._load_version)
        self._update_buttons()

    def accept(self) -> None:
        if self._is_new():
            self.written.emit(self._text.toPlainText())

    def reject(self) -> None:
        self.left.emit(self._text.toPlainText() if self._is_new() else "")
        super().reject()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in ENTER and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.accept()
        else:
            super().keyPressEvent(event)

    def _is_new(self) -> bool:
        return self._text.toPlainText().strip() != self._current

    def _update_buttons(self) -> None:
        self._buttons.button(QDialogButtonBox.StandardButton.Save).setEnabled(self._is_new())

    def _load_version(self, place: int) -> None:
        """Replace the text with an older version; the undo of the text field restores it."""
        cursor = self._text.textCursor()
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(self._versions[place].text)

    def _build_ui(self) -> None:
        self._text.setObjectName("input")
        self._text.setAccessibleName(tr("Guidelines"))
        self._text.setTabChangesFocus(True)
        self._list.setAccessibleName(tr("Versions"))
        self._list.setFixedWidth(px(_LIST))
        self._list.addItems([_words(version) for version in self._versions])
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        older = column_layout(None, label(tr("Start from a version"), "meta"), self._list, spacing=8)
        sides = row_layout(None, (self._text, 1), spacing=16)
        if self._versions:
            sides.addLayout(older)
        hint = tr(
            "Ctrl+Enter saves version {number}, which applies to all later decisions. You can use Markdown. "
            "Esc closes; your text is preserved as a draft."
        ).format(number=len(self._versions) + 1)
        self.fill(sides, label(hint, "meta", wrap=True), self._buttons, size=(760, 480))


def _words(version: Guideline) -> str:
    at = f"{version.at.astimezone():%Y-%m-%d %H:%M}"
    return tr("version {number}, {time}").format(number=version.version, time=at)
