"""The Library page: counts of the workspace, its imported files, and the latest journal entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from orbench_studio.domain.core.changes import Changes
from orbench_studio.gui.common.actions import tr, with_key
from orbench_studio.gui.common.widgets import label
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.review.history import Entry
    from orbench_studio.services.workspace.statistics import Rate, Reveals, Source
    from orbench_studio.services.workspace.workspace import Workspace

    Overview = tuple[dict[str, Any], dict[str, Rate], dict[str, Reveals], list[Source], list[Entry]]

_COUNTED = ("prompts", "seeds", "moderators", "votes", "models", "responses", "judgements", "annotations", "sources")
_TABLES = (
    ("prompts_by_status", "Prompts by status"),
    ("prompts_by_final_label", "Prompts by final label"),
    ("prompts_by_label_basis", "Source of final labels"),
    ("responses_by_answer_class", "Responses by answer class"),
    ("prompts_by_category", "Prompts by category"),
)
_NONE = {
    "prompts_by_final_label": "no label",
    "prompts_by_label_basis": "none",
    "responses_by_answer_class": "not judged",
    "prompts_by_category": "no category",
}
_ENTRIES = 200


class LibraryPage(QScrollArea):
    """Shows counts and lists; read-only."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setAccessibleName(tr("Library"))

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
            from orbench_studio.services.review import history
            from orbench_studio.services.workspace import statistics

            return (
                statistics.statistics(workspace),
                statistics.consistency(workspace),
                statistics.after_reveal(workspace),
                statistics.sources(workspace),
                history.entries(workspace, limit=_ENTRIES, annotator=annotator),
            )

        self._session.run(work, lambda overview: self._show(*overview))

    def _show(
        self,
        counts: dict[str, Any],
        consistency: dict[str, Rate],
        reveals: dict[str, Reveals],
        sources: list[Source],
        entries: list[Entry],
    ) -> None:
        page = QWidget()
        page.setObjectName("page")
        row = QHBoxLayout(page)
        row.setContentsMargins(40, 24, 40, 24)
        row.setSpacing(40)
        columns: list[list[tuple[str, dict[str, int]]]] = [
            [(tr("In this workspace"), {name: counts[name] for name in _COUNTED})],
            [(tr(title), _named(key, counts[key])) for key, title in _TABLES[:3]],
            [(tr(title), _named(key, counts[key])) for key, title in _TABLES[3:]],
        ]
        for tables in columns:
            column = QVBoxLayout()
            column.setSpacing(24)
            for title, values in tables:
                column.addLayout(_table(title, values))
            column.addStretch()
            row.addLayout(column)
        lists = QVBoxLayout()
        lists.setSpacing(24)
        lists.addLayout(_people(consistency, reveals))
        lists.addLayout(_files(sources))
        lists.addLayout(_journal(entries))
        lists.addStretch()
        row.addLayout(lists, 1)
        self.setWidget(page)


def _table(title: str, values: dict[str, int]) -> QGridLayout:
    grid = QGridLayout()
    grid.setHorizontalSpacing(24)
    grid.setVerticalSpacing(4)
    grid.addWidget(label(title, "strong"), 0, 0, 1, 2)
    for place, (name, value) in enumerate(values.items(), 1):
        grid.addWidget(label(name.replace("_", " "), "quiet"), place, 0)
        grid.addWidget(label(f"{value:,}"), place, 1, Qt.AlignmentFlag.AlignRight)
    if not values:
        grid.addWidget(label(tr("none yet"), "quiet"), 1, 0)
    return grid


def _named(table: str, values: dict[str, int]) -> dict[str, int]:
    return {tr(_NONE.get(table, name)) if name == "none" else name: count for name, count in values.items()}


def _people(consistency: dict[str, Rate], reveals: dict[str, Reveals]) -> QVBoxLayout:
    """The self-consistency of annotators, with n and 95 % interval."""
    column = QVBoxLayout()
    column.setSpacing(4)
    column.addWidget(label(tr("Self-consistency"), "strong"))
    for annotator, rate in consistency.items():
        text = tr("{annotator}: same label when a prompt was shown again: {rate}")
        column.addWidget(_line(text.format(annotator=annotator, rate=rate.words)))
    for what, counted in reveals.items():
        if counted.changed.n:
            text = tr("{what} changed after votes were revealed: {rate}; {toward} towards the consensus, {away} away")
            ways = {"toward": f"{counted.toward:,}", "away": f"{counted.away:,}"}
            what = tr(what.replace("_", " ").capitalize())
            column.addWidget(_line(text.format(what=what, rate=counted.changed.words, **ways)))
    if column.count() == 1:
        column.addWidget(_line(tr("No data yet. Some prompts are shown again later to measure self-consistency.")))
    return column


def _files(sources: list[Source]) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(4)
    column.addWidget(label(tr("Imported files"), "strong"))
    if not sources:
        column.addWidget(
            label(with_key(tr("No files yet. Drop them on the window, or import them"), "import"), "quiet")
        )
    for source in sources:
        when = source.imported_at.astimezone().strftime("%Y-%m-%d %H:%M")
        column.addWidget(_line(f"{when}   {source.name}   {source.format}"))
    return column


def _line(text: str) -> QLabel:
    line = label(text, "quiet")
    line.setWordWrap(True)
    return line


def _journal(entries: list[Entry]) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(4)
    column.addWidget(label(tr("Journal, latest first"), "strong"))
    if not entries:
        column.addWidget(_line(tr("No decisions yet.")))
    for entry in reversed(entries):
        undone = "" if entry.in_force else f"   {tr('(undone)')}"
        when = entry.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        column.addWidget(_line(f"{when}   {entry.annotator or ''}   {entry.summary}{undone}"))
    return column
