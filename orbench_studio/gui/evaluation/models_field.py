"""Fields for model names: a line with completion, and the list of selected models."""

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QPushButton, QToolButton, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import FlowLayout
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.theme import META, font, px
from orbench_studio.gui.common.widgets import set_tip

_CHIP = 140  # the maximum width of a name


class ModelLine(QLineEdit):
    """A model name, with completion from any part of it."""

    entered = Signal(str)  # a complete name, typed or selected

    def __init__(self, name: str) -> None:
        super().__init__()
        self._names = QStringListModel(self)
        self.setAccessibleName(name)
        self.setPlaceholderText(tr("vendor/model"))
        completer = QCompleter(
            self._names, self, caseSensitivity=Qt.CaseSensitivity.CaseInsensitive, filterMode=Qt.MatchFlag.MatchContains
        )
        # The completer writes the name into the line after this signal.
        completer.activated.connect(lambda _name: QTimer.singleShot(0, self, self.enter))
        self.setCompleter(completer)
        self.editingFinished.connect(self.enter)

    def add_names(self, names: Iterable[str]) -> None:
        self._names.setStringList(sorted({*self._names.stringList(), *names}))

    def enter(self) -> None:
        """Emit the text if it is a complete name; a vendor prefix is not."""
        text = self.text().strip()
        if text and not text.endswith("/"):
            self.entered.emit(text)


class ModelsField(QWidget):
    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.line = ModelLine(tr("Add a model"))
        self.choose = QPushButton(tr("Choose…"))
        set_tip(self.choose, tr("Choose from vendors, servers on this machine and recent models"))
        self.line.installEventFilter(self)
        self.line.entered.connect(self._enter)
        self.chips: dict[str, QToolButton] = {}  # by model
        self._row = QWidget()
        self._flow = FlowLayout(self._row, spacing=4)
        column_layout(self, self.line, (self.choose, Qt.AlignmentFlag.AlignLeft), self._row, spacing=4)
        self._row.hide()

    @property
    def models(self) -> tuple[str, ...]:
        """The selected models, in order."""
        return tuple(self.chips)

    def add(self, model: str) -> None:
        """Add a model, unless it is selected already."""
        self.line.clear()
        if model in self.chips:
            return
        chip = QToolButton()
        metrics = QFontMetrics(font(META))
        chip.setText(f"{metrics.elidedText(model, Qt.TextElideMode.ElideMiddle, px(_CHIP))}  ✕")
        chip.setProperty("role", "chip")
        chip.setProperty("active", "true")
        chip.setAccessibleName(tr("Remove {model}").format(model=model))
        set_tip(chip, chip.accessibleName())
        chip.clicked.connect(lambda: self._remove(model))
        chip.clicked.connect(self.line.setFocus)
        self._flow.addWidget(chip)
        self.setTabOrder(next(reversed(self.chips.values()), self.choose), chip)
        self.chips[model] = chip
        self._row.show()
        self.changed.emit()

    def add_all(self, models: Iterable[str]) -> None:
        for model in models:
            self.add(model)

    def clear(self) -> None:
        for model in self.models:
            self._remove(model)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Backspace in an empty line removes the last model."""
        pressed = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key()
        if pressed != Qt.Key.Key_Backspace or self.line.text() or not self.chips:
            return False
        self._remove(self.models[-1])
        return True

    def _enter(self, model: str) -> None:
        """Add what was typed; the beginning of a name stays in the line when the focus leaves it."""
        if "/" in model or self.line.hasFocus():
            self.add(model)

    def _remove(self, model: str) -> None:
        chip = self.chips.pop(model)
        self._flow.removeWidget(chip)
        chip.hide()
        chip.deleteLater()
        self._row.setVisible(bool(self.chips))
        self.changed.emit()
