"""The preferences dialog, built from a table of preferences. Every change applies immediately."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QCheckBox, QFormLayout, QGridLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from orbench_studio.domain.core.amounts import excerpt
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.review.reveal import Reveal
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import Dialog, set_size
from orbench_studio.gui.common.fields import ComboBox, count_field
from orbench_studio.gui.common.layouts import column_layout, row_layout
from orbench_studio.gui.common.theme import LARGEST, SMALLEST, STEP
from orbench_studio.gui.common.widgets import label, rule, scrolled, set_tip
from orbench_studio.settings import SCHEMES, Settings

_LONGEST = 32  # characters of the name of an option


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number in a range; the minimum may have a text of its own."""

    minimum: int
    maximum: int
    step: int
    unit: str
    minimum_text: str = ""


@dataclass(frozen=True, slots=True)
class OneOf:
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Any number of several options."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off."""


@dataclass(frozen=True, slots=True)
class Text:
    placeholder: str


Kind = Number | OneOf | AnyOf | Switch | Text


@dataclass(frozen=True, slots=True)
class Preference:
    """A preference: its name in the settings, title, control and description."""

    name: str
    title: str
    kind: Kind
    description: str

    def values(self) -> list[tuple[object, str]]:
        """The values to choose from and their names; empty if there are many."""
        if isinstance(self.kind, Switch):
            return [(True, "on"), (False, "off")]
        return [(value, value) for value in self.kind.options] if isinstance(self.kind, OneOf) else []


PREFERENCES = (
    Preference("scheme", "Colour scheme", OneOf(SCHEMES), ""),
    Preference("font_scale", "Text size", Number(SMALLEST, LARGEST, STEP, " %"), ""),
    Preference("blind", "Blind review", Switch(), "Votes and judgements are hidden until you label the prompt."),
    Preference(
        "reveal", "Show votes and judgements", OneOf(tuple(Reveal)),
        "In blind review: show votes and judgements after each label, or go to the next prompt without showing them.",
    ),
    Preference(
        "shielded", "Cover texts of categories", AnyOf(tuple(map(str, Category))),
        "On the Review page, texts of these categories stay covered until you press the shortcut that shows them.",
    ),
    Preference(
        "break_after", "Break reminder", Number(0, 240, 5, " minutes", "off"),
        "Working time without a pause after which a reminder appears.",
    ),
    Preference(
        "recheck", "Self-consistency check", Number(0, 50, 1, " % of your prompts", "off"),
        "Share of labelled prompts that are shown again, unmarked, to measure how often you give the same label.",
    ),
    Preference(
        "env_file", "Keys file", Text("none"),
        "Path of a .env file with API keys, one NAME=VALUE in a line. Environment variables take precedence.",
    ),
    Preference(
        "learns", "Train the local judge automatically", Switch(),
        "In the background, on the answer classes that you set. It then judges the responses that have no human label.",
    ),
)  # fmt: skip


class PreferencesDialog(Dialog):
    """Every preference with its control. Changes apply and are saved immediately."""

    def __init__(
        self, parent: QWidget, settings: Settings, changed: Callable[[str], object], own_categories: Sequence[str] = ()
    ) -> None:
        super().__init__(parent, tr("Preferences"))
        self._settings = settings
        self._changed = changed  # called with the name of a changed preference
        self._more = own_categories  # of the workspace
        self.controls: dict[str, QWidget] = {}
        self._build_ui()

    def show_preference(self, name: str) -> None:
        """Scroll to a preference, and put the focus on it."""
        control = self.controls[name]
        control.setFocus()
        QTimer.singleShot(0, control, lambda: self._area.ensureWidgetVisible(control))  # once the page has its height

    def _take(self, name: str, value: object) -> None:
        setattr(self._settings, name, value)
        self._changed(name)

    def _build_ui(self) -> None:
        form = QFormLayout(
            horizontalSpacing=24, verticalSpacing=16, rowWrapPolicy=QFormLayout.RowWrapPolicy.WrapLongRows
        )
        for preference in PREFERENCES:
            self._add(form, preference)
        page = QWidget()
        page.setObjectName("page")
        page.setLayout(form)
        self._area = scrolled(page)
        form.setContentsMargins(24, 24, 24, 8)
        column_layout(self, (self._area, 1), rule(), self._file(), margins=(0, 0, 0, 16), spacing=8)
        set_size(self, 620, 760)

    def _add(self, form: QFormLayout, preference: Preference) -> None:
        control = _control(preference, getattr(self._settings, preference.name), self._take, self._more)
        self.controls[preference.name] = control
        column = column_layout(None, control, spacing=4)
        if preference.description:
            what = label(tr(preference.description), "meta")
            what.setWordWrap(True)
            column.addWidget(what)
        form.addRow(label(tr(preference.title)), column)

    def _file(self) -> QVBoxLayout:
        """The path of the settings file, and the buttons."""
        path = str(self._settings.file)
        where = label(tr("Settings file: {path}").format(path=path), "meta", wrap=True)
        row = row_layout(None, spacing=8)
        commands: tuple[tuple[str, Callable[[], object]], ...] = (
            (tr("Open file"), lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(path))),
            (tr("Copy path"), lambda: QGuiApplication.clipboard().setText(path)),
            (tr("Close"), self.accept),
        )
        for text, command in commands:
            button = QPushButton(text, autoDefault=False)
            button.clicked.connect(lambda _checked=False, c=command: c())
            row.addWidget(button)
        row.insertStretch(2)
        return column_layout(None, where, row, margins=(24, 0, 24, 0), spacing=8)


def _control(preference: Preference, value: Any, take: Callable[[str, object], None], more: Sequence[str]) -> QWidget:
    """The control of a preference with its value; it reports every change to `take`.

    A choice of several options also has `more`, and those that were chosen where there were others.
    """
    name = preference.name
    match preference.kind:
        case Switch():
            switch = QCheckBox(tr("On"))
            switch.setChecked(value)
            switch.toggled.connect(lambda on: take(name, on))
            return _named(switch, preference)
        case OneOf(options):
            choice = ComboBox()
            choice.addItems([tr(option) for option in options])
            choice.setCurrentIndex(options.index(value) if value in options else 0)
            choice.currentIndexChanged.connect(lambda place: take(name, options[place]))
            return _named(choice, preference)
        case Number() as kind:
            number = count_field(kind.minimum, kind.maximum, value)
            number.setSingleStep(kind.step)
            number.setSuffix(tr(kind.unit))
            number.setSpecialValueText(tr(kind.minimum_text))
            number.setKeyboardTracking(False)
            number.valueChanged.connect(lambda now: take(name, now))
            return _named(number, preference)
        case Text(placeholder):
            line = QLineEdit(value, placeholderText=tr(placeholder))
            line.editingFinished.connect(lambda: take(name, line.text().strip()))
            return _named(line, preference)
        case AnyOf(options):
            every = tuple(dict.fromkeys((*options, *more, *value)))
            return _named(_boxes(every, value, lambda chosen: take(name, chosen)), preference)


def _boxes(options: tuple[str, ...], chosen: list[str], take: Callable[[list[str]], None]) -> QWidget:
    group = QWidget()
    grid = QGridLayout(group)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(8)
    boxes = [QCheckBox(tr(excerpt(option, _LONGEST)).replace("&", "&&")) for option in options]
    for place, (option, box) in enumerate(zip(options, boxes, strict=True)):
        box.setChecked(option in chosen)
        set_tip(box, option if len(option) > _LONGEST else "")
        box.setAccessibleName(tr("Cover {category}").format(category=tr(option)))
        box.toggled.connect(lambda _on: take([o for o, b in zip(options, boxes, strict=True) if b.isChecked()]))
        grid.addWidget(box, place // 2, place % 2)
    return group


def _named(control: QWidget, preference: Preference) -> QWidget:
    control.setObjectName(preference.name)
    control.setAccessibleName(tr(preference.title))
    control.setAccessibleDescription(tr(preference.description))
    return control
