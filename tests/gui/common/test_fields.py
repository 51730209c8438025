"""The mouse wheel over combo boxes and number fields."""

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget

import orbench_studio.gui
from orbench_studio.gui.common.fields import ComboBox, DoubleSpinBox, SpinBox

NO_BUTTON, NO_KEY, ONE_NOTCH = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, QPoint(0, -120)


@pytest.fixture
def page(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    made.other, made.fields = QLineEdit(), (ComboBox(), SpinBox(), DoubleSpinBox())
    made.fields[0].addItems(["a", "b", "c"])
    column = QVBoxLayout(made)
    for field in (made.other, *made.fields):
        column.addWidget(field)
    with qtbot.waitActive(made):
        made.show()
    return made


def value_after_wheel(field):
    value = field.currentIndex if isinstance(field, ComboBox) else field.value
    before, at = value(), QPointF(field.rect().center())
    event = QWheelEvent(
        at, field.mapToGlobal(at), QPoint(), ONE_NOTCH, NO_BUTTON, NO_KEY, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(field, event)
    return value() - before


def test_the_wheel_changes_only_a_number_field_with_the_focus(page):
    for field, change in zip(page.fields, (0, -1, -1), strict=True):
        if not isinstance(field, ComboBox):
            field.setValue(5)
        page.other.setFocus()
        assert (value_after_wheel(field), field.hasFocus()) == (0, False)
        field.setFocus()
        assert value_after_wheel(field) == change


def test_all_fields_of_the_window_are_of_these_classes():
    for file in Path(orbench_studio.gui.__file__).parent.rglob("*.py"):
        assert not re.search(r"\bQ(Double)?(SpinBox|ComboBox)\(\)", file.read_text(encoding="utf-8")), file.name
