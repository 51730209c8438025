"""Some of the ten categories, or all."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QToolButton

from orbench_studio.domain.core.category import Category
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.widgets import set_role, set_tip


class CategoriesField(Flow):
    """A button for each; where none is pressed, all are meant."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__(spacing=4)
        self.chips: dict[Category, QToolButton] = {}
        for category in Category:
            chip = self.chips[category] = QToolButton()
            chip.setText(tr(category))
            chip.setCheckable(True)
            chip.setProperty("role", "chip")
            set_tip(chip, tr("Where none is pressed, all ten are meant"))
            chip.toggled.connect(lambda on, chip=chip: self._toggled(chip, on=on))
            self.add(chip)
        self.setFocusProxy(self.chips[Category.DECEPTION])

    @property
    def chosen(self) -> tuple[Category, ...]:
        """Those that are pressed."""
        return tuple(category for category, chip in self.chips.items() if chip.isChecked())

    def _toggled(self, chip: QToolButton, *, on: bool) -> None:
        set_role(chip, "active", "true" if on else "false")
        self.changed.emit()
