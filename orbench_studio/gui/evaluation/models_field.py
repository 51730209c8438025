"""Models by name: a line that completes what is typed, and the models chosen so far, each to be taken out again."""

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QObject, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QToolButton, QVBoxLayout, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import FlowLayout
from orbench_studio.gui.common.widgets import set_tip


class ModelLine(QLineEdit):
    """One name, completed from anywhere within it."""

    taken = Signal(str)  # a whole name: typed and confirmed, or taken from the list

    def __init__(self, name: str) -> None:
        super().__init__()
        self._names = QStringListModel(self)
        self.setAccessibleName(name)
        self.setPlaceholderText(tr("vendor/name, such as openai/gpt-4o"))
        completer = QCompleter(self._names, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        # The completer writes the name into the line after it has told.
        completer.activated.connect(lambda _name: QTimer.singleShot(0, self, self.take))
        self.setCompleter(completer)
        self.editingFinished.connect(self.take)

    def learn(self, names: Iterable[str]) -> None:
        """Names to be offered as well."""
        self._names.setStringList(sorted({*self._names.stringList(), *names}))

    def take(self) -> None:
        """Take what the line says, where it is a whole name; a vendor's beginning waits for the rest."""
        text = self.text().strip()
        if text and not text.endswith("/"):
            self.taken.emit(text)


class ModelsField(QWidget):
    """Any number of models."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.line = ModelLine(tr("Add a model"))
        self.line.installEventFilter(self)
        self.line.taken.connect(self.add)
        self.chips: dict[str, QToolButton] = {}  # by model
        self._row = QWidget()
        self._flow = FlowLayout(self._row, spacing=4)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.line)
        column.addWidget(self._row)
        self._row.hide()

    @property
    def models(self) -> tuple[str, ...]:
        """Those chosen, in their order."""
        return tuple(self.chips)

    def add(self, model: str) -> None:
        """Choose a model; one that is chosen already stays."""
        self.line.clear()
        if model in self.chips:
            return
        chip = QToolButton()
        chip.setText(f"{model}  ✕")
        chip.setProperty("role", "chip")
        chip.setProperty("active", "true")
        chip.setAccessibleName(f"{tr('Take out')} {model}")
        set_tip(chip, chip.accessibleName())
        chip.clicked.connect(lambda: self._take_out(model))
        chip.clicked.connect(self.line.setFocus)
        self._flow.addWidget(chip)
        self.setTabOrder(next(reversed(self.chips.values()), self.line), chip)
        self.chips[model] = chip
        self._row.show()
        self.changed.emit()

    def clear(self) -> None:
        """Take all models out."""
        for model in self.models:
            self._take_out(model)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Backspace in an empty line takes the last model out."""
        pressed = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key()
        if pressed != Qt.Key.Key_Backspace or self.line.text() or not self.chips:
            return False
        self._take_out(self.models[-1])
        return True

    def _take_out(self, model: str) -> None:
        chip = self.chips.pop(model)
        self._flow.removeWidget(chip)
        chip.hide()
        chip.deleteLater()
        self._row.setVisible(bool(self.chips))
        self.changed.emit()
