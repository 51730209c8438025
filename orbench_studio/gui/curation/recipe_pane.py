"""Editor of recipes that checks the text while typing."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QTextCursor, QTextFormat
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPlainTextEdit, QPushButton, QTextEdit, QVBoxLayout, QWidget

from orbench_studio.domain.curation.recipe import Recipe, RecipeError, read_recipe
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.theme import META, Theme, code_font
from orbench_studio.gui.common.widgets import label, set_role

_TYPING = 250  # milliseconds after the last keystroke until the recipe is parsed
_TAB = 2  # characters


class RecipePane(QWidget):
    """Emits every valid recipe, and marks the line of the first error."""

    changed = Signal(object)  # Recipe, or None if the text is invalid

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.recipe: Recipe | None = None
        self.templates = QComboBox()
        self.editor = QPlainTextEdit()
        self.status = label("", "quiet")
        self.duplicates = QPushButton(tr("Near duplicates…"))
        self._texts: dict[str, str] = {}
        self._typing = QTimer(self)
        self._build_ui()
        self._connect()
        self._fit()

    def offer(self, texts: dict[str, str]) -> None:
        """Show the recipes that can be loaded."""
        self._texts = texts
        self.templates.clear()
        self.templates.addItem(tr("Load recipe…"))
        self.templates.addItems([name.replace("&", "&&") for name in texts])

    def show_text(self, text: str) -> None:
        """Replace the text; undo in the editor reverts it."""
        cursor = QTextCursor(self.editor.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        self.editor.moveCursor(QTextCursor.MoveOperation.Start)
        self.read()

    def text(self) -> str:
        """Return the text."""
        return self.editor.toPlainText()

    def read(self) -> None:
        """Parse the text now."""
        self._typing.stop()
        try:
            self.recipe = read_recipe(self.text())
        except RecipeError as error:
            self.recipe = None
            self.show_error(str(error), error.line)
        else:
            self.show_error("")
        self.changed.emit(self.recipe)

    def show_error(self, text: str, line: int = 0) -> None:
        """Show an error and mark its line (from 1); an empty text clears the error."""
        set_role(self.status, "role", "error" if text else "quiet")
        self.status.setText(text or tr("Recipe is valid."))
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
            self.templates.setCurrentIndex(0)
            self.editor.setFocus()

    def _connect(self) -> None:
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        self._typing.timeout.connect(self.read)
        self.editor.textChanged.connect(self._typing.start)
        self.templates.activated.connect(self._chosen)
        self._theme.changed.connect(self._fit)

    def _build_ui(self) -> None:
        self.editor.setObjectName("input")
        self.editor.setAccessibleName(tr("Recipe"))
        self.editor.setTabChangesFocus(True)
        self.editor.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.templates.setAccessibleName(tr("Load recipe"))
        self.templates.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.status.setWordWrap(True)
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        head = QHBoxLayout()
        head.addWidget(label(tr("Recipe"), "title"))
        head.addStretch()
        head.addWidget(self.templates, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.editor, 1)
        column.addWidget(self.status)
        column.addWidget(self.duplicates, 0, Qt.AlignmentFlag.AlignLeft)

    def _fit(self) -> None:
        face = code_font(META)
        self.editor.setFont(face)
        self.editor.setTabStopDistance(_TAB * QFontMetrics(face).horizontalAdvance(" "))
