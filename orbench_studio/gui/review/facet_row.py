"""The filter's conditions as chips: each opens a menu of values with the number of prompts that match."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QMenu, QToolButton, QWidget

from orbench_studio.domain.review.query import VALUES, count_of
from orbench_studio.domain.review.queue import Field, QueueFilter, Term
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import FlowLayout
from orbench_studio.gui.common.widgets import set_role, set_tip
from orbench_studio.gui.review.condition_names import ALWAYS, MORE, TITLES, TYPED, term_words, value_words

_WIDEST = 320
_LONGEST = 60  # characters of a value in a menu


class Chip(QToolButton):
    """A condition that opens a menu; Delete removes it."""

    dropped = Signal()  # when the user removes the condition

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setMaximumWidth(_WIDEST)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setProperty("role", "chip")

    def state(self, words: str, *, active: bool) -> None:
        self.setText(f"{words}  ▾")
        self.setAccessibleName(words)
        set_tip(self, tr("{condition}. Press Delete to remove it.").format(condition=words) if active else words)
        set_role(self, "active", active)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.dropped.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down):
            self.click()
        else:
            super().keyPressEvent(event)


class FacetRow(QFrame):
    """One chip per condition. Active chips are filled; rare ones are in the menu `More` until they are active."""

    wanted = Signal(QueueFilter)  # when the user changes the filter
    counts_wanted = Signal(object, object)  # a Field, and a callable that takes the number of prompts by value

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("panel")
        self._filter = QueueFilter()
        self._chips = {field: self._chip(field) for field in (*ALWAYS, *MORE, *TYPED)}
        self._more = Chip(self)
        self._build_ui()
        self.show_filter(self._filter)

    def show_filter(self, wanted: QueueFilter) -> None:
        self._filter = wanted
        for field, chip in self._chips.items():
            terms = wanted.all_on(field)
            chip.state(" + ".join(map(term_words, terms)) if terms else tr(TITLES[field]), active=bool(terms))
            chip.setVisible(field in ALWAYS or bool(terms))

    def open(self, field: Field) -> None:
        """Load the values of a condition, then show its menu."""
        self.counts_wanted.emit(field, lambda counts: self._menu(field, counts))

    def _menu(self, field: Field, counts: dict[str, int]) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        term = self._filter.on(field)
        self._choice(menu, tr("Any"), checked=term is None, chosen=partial(self._drop, field))
        menu.addSeparator()
        values = _values(field, counts)
        for before, value in zip([values[0], *values] if values else [], values, strict=False):
            if bool(count_of(before)) != bool(count_of(value)):
                menu.addSeparator()  # counts of models first, then names
            words = value_words(field, value)
            words = words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
            text = f"{words.replace('&', '&&')}\t{counts.get(value, 0):,}"
            held = term is not None and value in term.values
            self._choice(menu, text, checked=held, chosen=partial(self._choose, field, value))
        if term is not None:
            menu.addSeparator()
            exclude = partial(self.wanted.emit, self._filter.having(replace(term, negated=not term.negated)))
            self._choice(menu, tr("Exclude instead"), checked=term.negated, chosen=exclude)
        elif not counts:
            menu.addAction(tr("No values yet")).setEnabled(False)
        menu.popup(self._place_of(field))

    def _choice(self, menu: QMenu, words: str, *, checked: bool, chosen: Callable[[], object]) -> None:
        action = menu.addAction(words)
        action.setCheckable(True)
        action.setChecked(checked)
        action.triggered.connect(lambda: chosen())

    def _choose(self, field: Field, value: str) -> None:
        """Set the value; with Ctrl, add it to the values or remove it."""
        term = self._filter.on(field)
        values: tuple[str, ...] = (value,)
        if term and QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ControlModifier:
            others = tuple(own for own in term.values if own != value)
            values = others if value in term.values else (*others, value)
        negated = term.negated if term else False
        self.wanted.emit(
            self._filter.having(Term(field, values, negated)) if values else self._filter.without(field)
        )  # fmt: skip

    def _drop(self, field: Field) -> None:
        self.wanted.emit(self._filter.without(field))

    def _place_of(self, field: Field) -> QPoint:
        chip = self._chips[field] if self._chips[field].isVisible() else self._more
        return chip.mapToGlobal(QPoint(0, chip.height()))

    def _open_more(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for field in MORE:
            menu.addAction(tr(TITLES[field])).triggered.connect(lambda _checked=False, of=field: self.open(of))
        menu.popup(self._more.mapToGlobal(QPoint(0, self._more.height())))

    def _chip(self, field: Field) -> Chip:
        chip = Chip(self)
        chip.setObjectName(field)
        chip.clicked.connect(lambda: self.open(field))
        chip.dropped.connect(lambda: self._drop(field))
        return chip

    def _build_ui(self) -> None:
        layout = FlowLayout(self, spacing=0)
        layout.setContentsMargins(12, 0, 12, 6)
        for chip in self._chips.values():
            layout.addWidget(chip)
        self._more.state(tr("More"), active=False)
        self._more.clicked.connect(self._open_more)
        layout.addWidget(self._more)


def _values(field: Field, counts: dict[str, int]) -> list[str]:
    """The values of a field, in the order of the query language where that knows them."""
    known = VALUES.get(field, ())
    always = field is Field.STATUS  # also before there are skipped or disputed prompts
    return [value for value in known if value in counts or always] + [value for value in counts if value not in known]
