"""What a user can prefer, declared in one table; the dialog is built from it and every change holds at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from orbench_studio.domain.core.category import Category
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.theme import LARGEST, SMALLEST, STEP, px
from orbench_studio.gui.common.widgets import label
from orbench_studio.settings import SCHEMES, Settings


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number in a range; the least may have words of its own."""

    least: int
    most: int
    step: int
    unit: str
    least_words: str = ""


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Any number of some words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off."""


Kind = Number | OneOf | AnyOf | Switch


@dataclass(frozen=True, slots=True)
class Preference:
    """One preference: its name in the settings, what it is called, and what it does."""

    name: str
    title: str
    kind: Kind
    what: str


PREFERENCES = (
    Preference("scheme", "Colours", OneOf(SCHEMES), ""),
    Preference("font_scale", "Size of text", Number(SMALLEST, LARGEST, STEP, " %"), ""),
    Preference("blind", "Blind first", Switch(), "Votes and judgements stay hidden until you have decided."),
    Preference(
        "shielded", "Covered texts", AnyOf(tuple(map(str, Category))),
        "Texts of these categories are covered until you ask for them.",
    ),
    Preference(
        "break_after", "Suggest a break", Number(0, 240, 5, " minutes of steady work", "never"), "One line, once.",
    ),
    Preference(
        "recheck", "Show again", Number(0, 50, 1, " % of what you decided", "nothing"),
        "Decided prompts come back unmarked now and then, to measure how far you agree with yourself.",
    ),
    Preference(
        "learns", "Local judge learns", Switch(),
        "In the background, from the answer classes you give; it judges again what no person has judged.",
    ),
)  # fmt: skip


class PreferencesDialog(QDialog):
    """Every preference with its control. There is nothing to confirm: a change holds at once and is kept."""

    def __init__(self, parent: QWidget, settings: Settings, changed: Callable[[str], object]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(tr("Preferences"))
        self._settings = settings
        self._changed = changed  # called with the name of a preference that has another value
        self.controls: dict[str, QWidget] = {}
        self._build_ui()

    def _take(self, name: str, value: object) -> None:
        setattr(self._settings, name, value)
        self._changed(name)

    def _build_ui(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(24)
        form.setVerticalSpacing(16)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        for preference in PREFERENCES:
            self._add(form, preference)
        page = QWidget()
        page.setObjectName("page")
        page.setLayout(form)
        form.setContentsMargins(24, 24, 24, 8)
        scroll = QScrollArea()
        scroll.setWidget(page)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 16)
        layout.setSpacing(8)
        layout.addWidget(scroll, 1)
        layout.addLayout(self._file())
        room = self.screen().availableSize()
        self.resize(min(px(620), room.width() - 80), min(px(600), room.height() - 80))

    def _add(self, form: QFormLayout, preference: Preference) -> None:
        control = _control(preference, getattr(self._settings, preference.name), self._take)
        self.controls[preference.name] = control
        column = QVBoxLayout()
        column.setSpacing(4)
        column.addWidget(control)
        if preference.what:
            what = label(tr(preference.what), "meta")
            what.setWordWrap(True)
            column.addWidget(what)
        form.addRow(label(tr(preference.title)), column)

    def _file(self) -> QVBoxLayout:
        """Where it is all kept."""
        path = str(self._settings.file)
        where = label(f"{tr('Kept in')} {path}", "meta")
        where.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(8)
        deeds: tuple[tuple[str, Callable[[], object]], ...] = (
            ("Open the file", lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(path))),
            ("Copy its path", lambda: QGuiApplication.clipboard().setText(path)),
            ("Close", self.accept),
        )
        for words, deed in deeds:
            button = QPushButton(tr(words))
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, d=deed: d())
            row.addWidget(button)
        row.insertStretch(2)
        column = QVBoxLayout()
        column.setContentsMargins(24, 0, 24, 0)
        column.setSpacing(8)
        column.addWidget(where)
        column.addLayout(row)
        return column


def _control(preference: Preference, value: Any, take: Callable[[str, object], None]) -> QWidget:
    """The control of a preference, named, with its value, telling every change."""
    name, title = preference.name, tr(preference.title)
    match preference.kind:
        case Switch():
            switch = QCheckBox(title)
            switch.setChecked(value)
            switch.toggled.connect(lambda on: take(name, on))
            return _named(switch, preference)
        case OneOf(words):
            choice = QComboBox()
            choice.addItems([tr(word) for word in words])
            choice.setCurrentIndex(words.index(value) if value in words else 0)
            choice.currentIndexChanged.connect(lambda place: take(name, words[place]))
            return _named(choice, preference)
        case Number() as kind:
            number = QSpinBox()
            number.setRange(kind.least, kind.most)
            number.setSingleStep(kind.step)
            number.setSuffix(tr(kind.unit))
            number.setSpecialValueText(tr(kind.least_words))
            number.setValue(value)
            number.setKeyboardTracking(False)
            number.valueChanged.connect(lambda now: take(name, now))
            return _named(number, preference)
        case AnyOf(words):
            return _named(_boxes(words, value, lambda chosen: take(name, chosen)), preference)


def _boxes(words: tuple[str, ...], chosen: list[str], take: Callable[[list[str]], None]) -> QWidget:
    group = QWidget()
    grid = QGridLayout(group)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(8)
    boxes = [QCheckBox(tr(word)) for word in words]
    for place, (word, box) in enumerate(zip(words, boxes, strict=True)):
        box.setChecked(word in chosen)
        box.setAccessibleName(f"{tr('Cover')} {tr(word)}")
        box.toggled.connect(lambda _on: take([w for w, b in zip(words, boxes, strict=True) if b.isChecked()]))
        grid.addWidget(box, place // 2, place % 2)
    return group


def _named(control: QWidget, preference: Preference) -> QWidget:
    control.setObjectName(preference.name)
    control.setAccessibleName(tr(preference.title))
    control.setAccessibleDescription(tr(preference.what))
    return control
