"""The recipe as text, checked while it is typed."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QTextCursor, QTextFormat
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPlainTextEdit, QPushButton, QTextEdit, QVBoxLayout, QWidget

from orbench_studio.domain.curation.recipe import Recipe, RecipeError, read_recipe
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.theme import META, Theme, code_font
from orbench_studio.gui.common.widgets import label, set_role

_TYPING = 250  # milliseconds after the last letter until the recipe is read
_TAB = 2  # letters


class RecipePane(QWidget):
    """Tells of every recipe that can be read; marks the line where one cannot."""

    changed = Signal(object)  # the Recipe, or None while the text is none

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.recipe: Recipe | None = None
        self.begin = QComboBox()
        self.editor = QPlainTextEdit()
        self.says = label("", "quiet")
        self.duplicates = QPushButton(tr("Near duplicates…"))
        self._texts: dict[str, str] = {}
        self._typing = QTimer(self)
        self._build_ui()
        self._connect()
        self._fit()

    def offer(self, texts: dict[str, str]) -> None:
        """Offer recipes to begin with."""
        self._texts = texts
        self.begin.clear()
        self.begin.addItem(tr("Begin with…"))
        self.begin.addItems([name.replace("&", "&&") for name in texts])

    def show_text(self, text: str) -> None:
        """Put a text in the place of the one that is there; undo in the editor takes it back."""
        cursor = QTextCursor(self.editor.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        self.editor.moveCursor(QTextCursor.MoveOperation.Start)
        self.read()

    def text(self) -> str:
        """What is written."""
        return self.editor.toPlainText()

    def read(self) -> None:
        """Read what is written now."""
        self._typing.stop()
        try:
            self.recipe = read_recipe(self.text())
        except RecipeError as error:
            self.recipe = None
            self.complain(str(error), error.line)
        else:
            self.complain("")
        self.changed.emit(self.recipe)

    def complain(self, text: str, line: int = 0) -> None:
        """Say what is wrong, and mark the line (from 1) where it is."""
        set_role(self.says, "role", "error" if text else "quiet")
        self.says.setText(text or tr("The recipe can be read."))
        self.editor.setExtraSelections([self._mark(line)] if line else [])

    def _mark(self, line: int) -> QTextEdit.ExtraSelection:
        mark = QTextEdit.ExtraSelection()
        made = mark.format
        made.setBackground(self._theme.colour("toxic_tint"))
        made.setProperty(QTextFormat.Property.FullWidthSelection, True)
        mark.format = made
        mark.cursor = QTextCursor(self.editor.document().findBlockByNumber(line - 1))
        return mark

    def _chosen(self, place: int) -> None:
        if place > 0:
            self.show_text(list(self._texts.values())[place - 1])
            self.begin.setCurrentIndex(0)
            self.editor.setFocus()

    def _connect(self) -> None:
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        self._typing.timeout.connect(self.read)
        self.editor.textChanged.connect(self._typing.start)
        self.begin.activated.connect(self._chosen)
        self._theme.changed.connect(self._fit)

    def _build_ui(self) -> None:
        self.editor.setObjectName("input")
        self.editor.setAccessibleName(tr("Recipe"))
        self.editor.setTabChangesFocus(True)
        self.editor.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.begin.setAccessibleName(tr("Begin with a recipe"))
        self.begin.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.says.setWordWrap(True)
        self.says.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        head = QHBoxLayout()
        head.addWidget(label(tr("Recipe"), "title"))
        head.addStretch()
        head.addWidget(self.begin, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.editor, 1)
        column.addWidget(self.says)
        column.addWidget(self.duplicates, 0, Qt.AlignmentFlag.AlignLeft)

    def _fit(self) -> None:
        face = code_font(META)
        self.editor.setFont(face)
        self.editor.setTabStopDistance(_TAB * QFontMetrics(face).horizontalAdvance(" "))
