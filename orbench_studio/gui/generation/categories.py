"""A field to select categories."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QToolButton

from orbench_studio.domain.core.category import Category
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import Flow
from orbench_studio.gui.common.widgets import set_role, set_tip


class CategoriesField(Flow):
    """One toggle button per category. No selection means all ten."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__(spacing=4)
        self.chips: dict[Category, QToolButton] = {}
        for category in Category:
            chip = self.chips[category] = QToolButton()
            chip.setText(tr(category))
            chip.setCheckable(True)
            chip.setProperty("role", "chip")
            set_tip(chip, tr("No selection means all ten categories"))
            chip.toggled.connect(lambda on, chip=chip: self._toggled(chip, on=on))
            self.add(chip)
        self.setFocusProxy(self.chips[Category.DECEPTION])

    @property
    def chosen(self) -> tuple[Category, ...]:
        """The selected categories."""
        return tuple(category for category, chip in self.chips.items() if chip.isChecked())

    def _toggled(self, chip: QToolButton, *, on: bool) -> None:
        set_role(chip, "active", "true" if on else "false")
        self.changed.emit()
