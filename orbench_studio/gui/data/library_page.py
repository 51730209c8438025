"""The Library page: counts of the workspace as bars that open their prompts, its files, and the latest entries."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QLayout, QVBoxLayout, QWidget

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.review.queue import Field, QueueFilter, Term
from orbench_studio.gui.common.actions import tr, with_key
from orbench_studio.gui.common.bars import BarTable
from orbench_studio.gui.common.layouts import Columns, column_layout
from orbench_studio.gui.common.live_table import Column, StaticTable
from orbench_studio.gui.common.menus import Command
from orbench_studio.gui.common.theme import ANSWERS, LABELS, Theme
from orbench_studio.gui.common.widgets import PageArea, label
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.review import history
from orbench_studio.services.review.history import Entry
from orbench_studio.services.workspace import statistics
from orbench_studio.services.workspace.statistics import Rate, Reveals, Source
from orbench_studio.services.workspace.workspace import Workspace

Overview = tuple[dict[str, Any], dict[str, Rate], dict[str, Reveals], list[Source], list[Entry], dict[str, int]]

_COUNTED = ("prompts", "seeds", "moderators", "votes", "models", "responses", "judgements", "annotations", "sources")
_COUNT_NAMES = {"seeds": "toxic seeds", "annotations": "decisions of all kinds", "sources": "imported files"}
_LABEL_COLOURS = {str(name): mark.colour for name, mark in LABELS.items() if isinstance(name, Label)} | {
    "none": "faint"
}
_ANSWERS = {str(name or "none"): mark for name, mark in ANSWERS.items()}
_CLASSES = "responses_by_answer_class"
_BARS: dict[str, tuple[str, Field | None, dict[str, str]]] = {  # title, field of the query, colours
    "prompts_by_status": ("Prompts by human decision", Field.STATUS, {}),
    "prompts_by_final_label": ("Prompts by final label", Field.LABEL, _LABEL_COLOURS),
    "prompts_by_category": ("Prompts by category", Field.CATEGORY, {}),
    "prompts_by_label_basis": ("Source of final labels", Field.BASIS, {}),
    _CLASSES: ("Responses by answer class", None, {name: mark.colour for name, mark in _ANSWERS.items()}),
}
_NONE = {"prompts_by_final_label": "no label", "prompts_by_label_basis": "none", "prompts_by_category": "no category"}
_NAMES = {"consensus": "moderators", "reference": "source file"}
_SOURCES = (Column("File", 140, 2, apart=True), Column("Format", 60, 1), Column("Imported", 60, whole=True))
_JOURNAL = (Column("Time", 172), Column("Annotator", 90), Column("Decision", 160, 1), Column("State", 60))
_ENTRIES, _DAYS = 200, 14
_COLUMN = 340  # pixels
_Section = tuple[str, Sequence[QWidget | QLayout]]


class LibraryPage(PageArea):
    """Counts as bars and lists; a bar opens its prompts for review."""

    review_wanted = Signal(QueueFilter)

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self._session = session
        tip = tr("Press Enter or double-click to review these prompts")
        self.bars = {
            key: BarTable(tr(title), theme, colours, tip if field else "")
            for key, (title, field, colours) in _BARS.items()
        }
        self.days = BarTable(tr("Labels per day"), theme)
        self.sources = StaticTable(tr("Imported files"), _SOURCES)
        self.journal = StaticTable(tr("Journal, latest first"), _JOURNAL)
        self._counts = {name: label() for name in _COUNTED}
        self._people = QVBoxLayout()
        self._no_files = _line(with_key(tr("No files yet. Drop them on the window, or import them"), "import"))
        self._no_bars = {key: _line(tr("None yet.")) for key in _BARS}
        self._no_entries, self._no_labels = _line(tr("No decisions yet.")), _line(tr("No labels yet."))
        self._build_ui()
        for key, table in self.bars.items():
            field = _BARS[key][1]
            table.opened.connect(partial(self._open, field))
            if field is not None:
                table.entries = partial(self._entries, field)
        self.sources.opened.connect(partial(self._open, Field.SOURCE))
        self.sources.entries = partial(self._entries, Field.SOURCE)

    def refresh(self, changes: Changes) -> None:
        """Read the workspace again after any change."""
        if self.isVisible() and changes:
            self._look()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._look()

    def _look(self) -> None:
        annotator = self._session.annotator

        def work(workspace: Workspace) -> Overview:
            return (
                statistics.statistics(workspace),
                statistics.consistency(workspace),
                statistics.after_reveal(workspace),
                statistics.sources(workspace),
                history.entries(workspace, limit=_ENTRIES, annotator=annotator),
                statistics.labels_by_day(workspace),
            )

        self._session.run(work, lambda overview: self._show(*overview))

    def _show(
        self,
        counts: dict[str, Any],
        consistency: dict[str, Rate],
        reveals: dict[str, Reveals],
        sources: list[Source],
        entries: list[Entry],
        days: dict[str, int],
    ) -> None:
        for name, value in self._counts.items():
            value.setText(f"{counts[name]:,}")
        if counts["votes_on_responses"]:
            text = tr("{votes} (on responses: {count})")
            votes, on_responses = counts["votes"], counts["votes_on_responses"]
            self._counts["votes"].setText(text.format(votes=f"{votes:,}", count=f"{on_responses:,}"))
        # Answers and refusals are first, then what is neither, such as a failed request.
        counts[_CLASSES] = {name: counts[_CLASSES][name] for name in _ANSWERS if name in counts[_CLASSES]}
        for key, bars in self.bars.items():
            bars.show_counts(counts[key], partial(_title, key))
        self.days.show_counts(dict(list(days.items())[: -_DAYS - 1 : -1]))
        self.sources.show_rows(
            [one.name for one in sources],
            [(one.name, one.format, f"{one.imported_at.astimezone():%Y-%m-%d}") for one in sources],
        )
        self.journal.show_rows(range(len(entries)), [_entry(entry) for entry in reversed(entries)])
        tables: tuple[tuple[QLabel, StaticTable], ...] = (
            *((self._no_bars[key], table) for key, table in self.bars.items()),
            (self._no_files, self.sources),
            (self._no_entries, self.journal),
            (self._no_labels, self.days),
        )
        for line, table in tables:
            line.setVisible(not table.rows.rowCount())
            table.setVisible(bool(table.rows.rowCount()))
        self._show_people(consistency, reveals)

    def _show_people(self, consistency: dict[str, Rate], reveals: dict[str, Reveals]) -> None:
        """Show the self-consistency of annotators, with n and 95 % interval."""
        while (item := self._people.takeAt(0)) is not None:
            if widget := item.widget():
                widget.deleteLater()
        for annotator, rate in consistency.items():
            text = tr("{annotator}: same label when a prompt was shown again: {rate}")
            self._people.addWidget(_line(text.format(annotator=annotator, rate=rate.words)))
        for what, counted in reveals.items():
            if counted.changed.n:
                text = tr(
                    "{what} changed after votes were revealed: {rate}. Towards the consensus: {toward}; away: {away}."
                )
                ways = {"toward": f"{counted.toward:,}", "away": f"{counted.away:,}"}
                what = tr(what.replace("_", " ").capitalize())
                self._people.addWidget(_line(text.format(what=what, rate=counted.changed.words, **ways)))
        if not self._people.count():
            text = tr(
                "No data yet. Some prompts are shown to you again, to measure how often your label stays the same."
            )
            self._people.addWidget(_line(text))

    def _open(self, field: Field | None, name: object, _column: int) -> None:
        if field is not None:
            self.review_wanted.emit(QueueFilter((Term(field, (str(name),)),)))

    def _entries(self, field: Field, name: str, column: int) -> list[Command]:
        return [Command(tr("Review these prompts"), partial(self._open, field, name, column))]

    def _build_ui(self) -> None:
        self.setAccessibleName(tr("Library"))
        page = QWidget()
        page.setObjectName("page")
        row = column_layout(page, margins=(24, 24, 24, 24))
        counts = QGridLayout()
        counts.setHorizontalSpacing(24)
        counts.setVerticalSpacing(4)
        for place, (name, value) in enumerate(self._counts.items()):
            counts.addWidget(label(tr(_COUNT_NAMES.get(name, name)), "quiet"), place, 0)
            counts.addWidget(value, place, 1, Qt.AlignmentFlag.AlignRight)
        bars: list[_Section] = [(tr(_BARS[key][0]), (self._no_bars[key], table)) for key, table in self.bars.items()]
        first: list[_Section] = [(tr("In this workspace"), (counts,)), (tr("Self-consistency"), (self._people,))]
        lists: list[_Section] = [
            (tr("Labels per day"), (self._no_labels, self.days)),
            (tr("Imported files"), (self._no_files, self.sources)),
        ]
        columns = [_column(sections) for sections in ([*first, *bars[:2]], bars[2:], lists)]
        row.addWidget(Columns(columns, width=_COLUMN, spacing=32))
        _add_section(row, tr("Journal, latest first"), (self._no_entries, self.journal))  # sentences need the width
        row.addStretch()
        self.setWidget(page)


def _title(key: str, name: str) -> str:
    """What is shown for a name in the counts."""
    if key == _CLASSES:
        return tr(_ANSWERS[name].word)
    none = _NONE.get(key, "none")
    return tr(none) if name == "none" else tr(_NAMES[name]) if name in _NAMES else name.replace("_", " ")


def _column(sections: Sequence[_Section]) -> QWidget:
    widget = QWidget()
    column = column_layout(widget, spacing=4)
    for title, parts in sections:
        _add_section(column, title, parts)
    column.addStretch()
    return widget


def _add_section(column: QVBoxLayout, title: str, parts: Sequence[QWidget | QLayout]) -> None:
    column.addWidget(label(title, "strong"))
    for part in parts:
        if isinstance(part, QWidget):
            column.addWidget(part)
        else:
            column.addLayout(part)
    column.addSpacing(20)


def _entry(entry: Entry) -> tuple[str, ...]:
    undone = "" if entry.in_force else tr("undone")
    return (f"{entry.at.astimezone():%Y-%m-%d %H:%M:%S}", entry.annotator or "", entry.summary, undone)


def _line(text: str) -> QLabel:
    return label(text, "quiet", wrap=True)
