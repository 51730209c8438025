"""What a window does not show whole: widgets cut by what contains them, and texts that do not fit."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QProgressBar,
    QScrollArea,
    QScrollBar,
    QStyle,
    QStyleOptionComboBox,
    QTabBar,
    QTableView,
    QWidget,
)

from orbench_studio.gui.common.elided_label import ElidedLabel
from orbench_studio.gui.common.theme import META, font

_SLACK = 1  # pixels
_LINES = 3  # rows of a table that are always in view
_CONTROLS = (QAbstractButton, QComboBox, QAbstractSpinBox, QLineEdit)


def clipped(window):
    """A line for each visible part of a window that is cut off, squeezed, or has a text that does not fit."""
    faults = []
    for widget in window.findChildren(QWidget):
        if widget.isVisible() and widget.window() is window.window() and not _is_inner(widget):
            for fault in (*_cut(widget), *_unread(widget)):
                faults.append(f"{_name(widget)}: {fault}")
    return faults


def _cut(widget):
    """Why a widget is not whole in the widget that contains it."""
    parent = widget.parentWidget()
    if isinstance(widget, QScrollArea):
        inner, shown = widget.widget(), widget.viewport()
        if inner is not None and inner.width() > shown.width() + _SLACK:
            yield f"content of {inner.width()} pixels in {shown.width()}"
        elif (
            inner is not None
            and inner.height() > shown.height() + _SLACK
            and widget.verticalScrollBarPolicy() == Qt.ScrollBarPolicy.ScrollBarAlwaysOff
            and widget.width() > widget.window().width() // 8  # all but the rail, which follows the current page
        ):
            yield f"content of {inner.height()} pixels in {shown.height()} without a scroll bar"
    if parent is None or isinstance(parent.parentWidget(), QAbstractScrollArea):
        return
    place, room = QRect(widget.pos(), widget.size()), parent.rect().adjusted(-_SLACK, -_SLACK, _SLACK, _SLACK)
    if not room.contains(place) and not place.isEmpty():
        yield f"{place.getRect()} outside of {type(parent).__name__} {parent.rect().getRect()}"
    least = widget.minimumSizeHint()
    if isinstance(widget, _CONTROLS):
        least = QSize(least.width(), widget.sizeHint().height())
    if widget.maximumHeight() < least.height():
        least.setHeight(0)  # its height was set
    if isinstance(widget, (*_CONTROLS, QLabel)) and least.height() > widget.height() + _SLACK:
        yield f"{widget.height()} pixels high, needs {least.height()}"
    for other in _siblings(widget):
        common = QRect(other.pos(), other.size()) & place
        if common.width() > 2 and common.height() > 2:
            yield f"overlaps {_name(other)} by {common.width()} x {common.height()}"


def _siblings(widget):
    """The laid out widgets beside one that come after it."""
    parent = widget.parentWidget()
    layout = parent.layout() if parent else None
    if layout is None or layout.indexOf(widget) < 0 or type(layout).__name__ == "QStackedLayout":
        return
    for other in parent.findChildren(QWidget, options=Qt.FindChildOption.FindDirectChildrenOnly):
        if other.isVisible() and layout.indexOf(other) > layout.indexOf(widget):
            yield other


def _unread(widget):
    """Why a text of the widget cannot be read whole."""
    metrics = widget.fontMetrics()
    if isinstance(widget, QAbstractButton):
        if widget.sizeHint().width() > widget.width() + _SLACK:
            yield f"the text is cut: {widget.width()} pixels of {widget.sizeHint().width()}"
    elif isinstance(widget, QLabel):
        yield from _unread_label(widget)
    elif isinstance(widget, QLineEdit):
        hint, room = widget.placeholderText(), widget.width() - _frame(widget)
        if hint and not widget.text() and metrics.horizontalAdvance(hint) > room:
            yield f"the placeholder is cut: {room} pixels of {metrics.horizontalAdvance(hint)}: {hint!r}"
    elif isinstance(widget, QComboBox):
        option = QStyleOptionComboBox()
        widget.initStyleOption(option)
        control, part = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
        room = widget.style().subControlRect(control, option, part, widget).width()
        if metrics.horizontalAdvance(widget.currentText()) > room:
            yield f"the choice is cut: {room} pixels of {metrics.horizontalAdvance(widget.currentText())}"
    elif isinstance(widget, QAbstractSpinBox):
        line = widget.lineEdit()
        needed = metrics.horizontalAdvance(line.text()) + line.textMargins().left()
        if needed > line.width():
            yield f"the value is cut: {line.width()} pixels of {needed}: {line.text()!r}"
    elif isinstance(widget, QHeaderView) and widget.orientation() is Qt.Orientation.Horizontal:
        yield from _unread_header(widget)
    elif isinstance(widget, QTableView):
        yield from _unread_table(widget)
    elif widget.sizePolicy().hasHeightForWidth() and not widget.layout():
        needed = widget.heightForWidth(widget.width())
        if needed > widget.height() + _SLACK:
            yield f"{widget.height()} pixels high, needs {needed}"


def _unread_label(label):
    if isinstance(label, ElidedLabel) or not label.text():
        if label.width() + _SLACK < label.minimumSizeHint().width():
            yield f"{label.width()} pixels wide, needs {label.minimumSizeHint().width()}"
        return
    if label.wordWrap():
        if label.heightForWidth(label.width()) > label.height() + _SLACK:
            yield f"{label.height()} pixels high, needs {label.heightForWidth(label.width())}"
        words = max(map(label.fontMetrics().horizontalAdvance, label.text().split()), default=0)
        if words > label.contentsRect().width() + _SLACK:
            yield f"a word is cut: {label.contentsRect().width()} pixels of {words}"
    elif label.sizeHint().width() > label.width() + _SLACK:
        yield f"the text is cut: {label.width()} pixels of {label.sizeHint().width()}"


def _unread_header(header):
    model, names = header.model(), QFontMetrics(font(META))
    for section in range(header.count()):
        text = str(model.headerData(section, Qt.Orientation.Horizontal) or "")
        widest = max(map(names.horizontalAdvance, text.split("\n")))
        if not header.isSectionHidden(section) and widest > header.sectionSize(section):
            yield f"the column name is cut: {header.sectionSize(section)} pixels: {text!r}"


def _unread_table(table):
    """Few rows in view while there are more, columns out of view without a scroll bar, or short cells cut off."""
    model, header = table.model(), table.horizontalHeader()
    rows = model.rowCount() if model else 0
    if rows and table.viewport().height() + 2 < min(rows, _LINES - 1) * table.rowHeight(0):
        yield f"{table.viewport().height()} pixels for {rows} rows of {table.rowHeight(0)}"
    wide = rows and header.length() > table.viewport().width() + _SLACK
    if (
        wide
        and table.viewport().visibleRegion().boundingRect().height() > header.height()
        and table.horizontalScrollBar().visibleRegion().isEmpty()
    ):
        yield f"columns of {header.length()} pixels in {table.viewport().width()} without a scroll bar in view"
    for row in range(min(rows, 40)):
        for column in range(header.count()):
            text = str(model.index(row, column).data() or "")
            if header.isSectionHidden(column) or not 0 < len(text) <= 14 or table.indexWidget(model.index(row, column)):
                continue
            needed = table.fontMetrics().horizontalAdvance(text)
            if needed + 6 > header.sectionSize(column):
                yield f"the cell is cut: {header.sectionSize(column)} pixels of {needed}: {text!r}"


def _is_inner(widget):
    """Whether a widget is a part of another one that Qt arranges."""
    parent = widget.parentWidget()
    inside = (QComboBox, QAbstractSpinBox, QLineEdit, QTabBar, QHeaderView)
    return (
        widget.objectName().startswith("qt_")
        or isinstance(widget, QScrollBar | QProgressBar)
        or isinstance(parent, inside)
        or (isinstance(parent, QAbstractScrollArea) and not isinstance(widget, QHeaderView))
    )


def _frame(line):
    """The pixels of a line edit beside its text."""
    margins = line.textMargins()
    return 2 * line.style().pixelMetric(QStyle.PixelMetric.PM_DefaultFrameWidth) + margins.left() + margins.right() + 8


def _name(widget):
    text = getattr(widget, "text", None)
    words = widget.accessibleName() or (text() if callable(text) else "") or widget.objectName()
    owner = widget.parentWidget()
    return f"{type(owner).__name__ if owner else ''} > {type(widget).__name__} {' '.join(str(words).split())[:40]!r}"
