"""A recipe as a form and as text, in step; the text is checked while typing."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QTextCursor, QTextFormat
from PySide6.QtWidgets import QComboBox, QPlainTextEdit, QPushButton, QStackedWidget, QTextEdit, QWidget

from orbench_studio.domain.curation.recipe import InconsistentRecipeError, Recipe, RecipeError, read_recipe
from orbench_studio.domain.curation.recipe_text import leading_comment, with_value
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.fields import ComboBox
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.theme import META, Theme, code_font
from orbench_studio.gui.common.widgets import label, show_status
from orbench_studio.gui.curation.recipe_form import RecipeForm

_TYPING = 250  # milliseconds after the last keystroke until the recipe is parsed
_TAB = 2  # characters


class RecipePane(QWidget):
    """Emits every valid recipe, and marks the line of the first error."""

    changed = Signal(object)  # Recipe, or None if the text is invalid

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.recipe: Recipe | None = None
        self.templates = ComboBox()
        self.form = RecipeForm()
        self.editor = QPlainTextEdit()
        self._views = QStackedWidget()
        self.as_text = QPushButton(tr("As text"))
        self.status = label("", "quiet", wrap=True)
        self.duplicates = QPushButton(tr("Near duplicates…"))
        self._texts: dict[str, str] = {}
        self._typing = QTimer(self)
        self._build_ui()
        self._connect()
        self._fit()

    def offer(self, texts: dict[str, str]) -> None:
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
        return self.editor.toPlainText()

    def read(self) -> None:
        """Parse the text now."""
        self._typing.stop()
        self.recipe = None
        try:
            self.recipe = read_recipe(self.text())
        except InconsistentRecipeError as error:
            self.form.show_recipe(error.recipe)
            self.show_error(str(error) if self.as_text.isChecked() else error.in_form, error.line)
        except RecipeError as error:
            self.form.show_recipe(None)
            self.show_error(str(error), error.line)
        else:
            self.form.show_recipe(self.recipe)
            self.show_error("")
        self.changed.emit(self.recipe)

    def change(self, section: str, key: str, value: bool | int | str | None) -> None:
        """Change one value in the text; None removes the key."""
        try:
            text = with_value(self._without_description(), section, key, value)
        except RecipeError as error:
            self.read()
            self.show_error(str(error))
        else:
            self.show_text(text)

    def _without_description(self) -> str:
        """The text without the comment of a loaded recipe, which does not describe a changed one; others stay."""
        text = self.text()
        comments = {comment for loaded in self._texts.values() if (comment := leading_comment(loaded))}
        return next((text.removeprefix(comment) for comment in comments if text.startswith(comment)), text)

    def show_error(self, text: str, line: int = 0) -> None:
        """Show an error and mark its line (from 1); an empty text clears the error."""
        show_status(self.status, text or tr("Recipe is valid."), "error" if text else "quiet")
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
            self.templates.setFocus()

    def _show_as_text(self, on: bool) -> None:
        self._views.setCurrentWidget(self.editor if on else self.form)
        if self.recipe is None:
            self.read()  # the fault in the words of the form or of the text

    def _connect(self) -> None:
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING)
        self._typing.timeout.connect(self.read)
        self.editor.textChanged.connect(self._typing.start)
        self.templates.activated.connect(self._chosen)
        self.form.edited.connect(self.change)
        self.as_text.toggled.connect(self._show_as_text)
        self._theme.changed.connect(self._fit)

    def _build_ui(self) -> None:
        self.editor.setObjectName("input")
        self.editor.setAccessibleName(tr("Recipe"))
        self.editor.setTabChangesFocus(True)
        self.editor.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.templates.setAccessibleName(tr("Load recipe"))
        self.templates.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.as_text.setCheckable(True)
        for view in (self.form, self.editor):
            self._views.addWidget(view)
        buttons = Flow(self.as_text, self.duplicates)
        head = row_layout(None, label(tr("Recipe"), "title"), Stretch(), (self.templates, 1))
        column_layout(self, head, (self._views, 1), self.status, buttons, spacing=8)

    def _fit(self) -> None:
        face = code_font(META)
        self.editor.setFont(face)
        self.editor.setTabStopDistance(_TAB * QFontMetrics(face).horizontalAdvance(" "))
