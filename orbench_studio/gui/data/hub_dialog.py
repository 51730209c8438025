"""The dialog to choose and download a dataset on the Hugging Face hub: search, licence, sizes, progress."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from PySide6.QtCore import QLocale, Signal
from PySide6.QtWidgets import QLineEdit, QProgressBar, QPushButton, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import Dialog, set_size
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.live_table import Column, Table
from orbench_studio.gui.common.widgets import if_alive, isolated, label
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.data import hub_files
from orbench_studio.services.data.hub_files import HubDataset, HubMatch, HubPart

_SIZE = (760, 600)
_SHORT = 10  # characters of a revision
_SCALE = 1024  # the progress bar counts kibibytes: its numbers have 31 bits
_DATASETS = (
    Column("Dataset", 260, 1),
    Column("Access", 90),
    Column("Downloads", 90, 0, True),
    Column("Likes", 70, 0, True),
)
_PARTS = (Column("Config", 220, 1), Column("Split", 120), Column("Files", 60, 0, True), Column("Size", 90, 0, True))


class HubDialog(Dialog):
    """Offers known benchmarks and the results of a search; downloads one config and split of a dataset."""

    downloaded = Signal(list)  # the files
    _progressed = Signal(object, object)  # bytes: Qt's integers have 31 bits

    def __init__(self, parent: QWidget, session: Session) -> None:
        super().__init__(parent, tr("Import from Hugging Face"))
        self._session = session
        self._cancelled = Event()
        self._dataset: HubDataset | None = None
        self.busy = False  # while a download runs
        self._asked = 0  # answers to earlier questions are dropped
        self.text = QLineEdit()
        self.search = QPushButton(tr("Search"))
        self.datasets, self.parts = Table(tr("Datasets"), _DATASETS), Table(tr("Parts"), _PARTS)
        self.about, self.status = label("", "meta"), label("", "quiet")
        self._progress = QProgressBar()
        self.download, self.close_button = QPushButton(tr("Download")), QPushButton(tr("Close"))
        self._build_ui()
        self._connect()
        self._show_datasets([HubMatch(name, 0, 0, is_gated=False, is_private=False) for name in hub_files.BENCHMARKS])
        self._show_busy(busy=False)
        self.about.setText(tr("Choose a benchmark, or search for another dataset."))

    def reject(self) -> None:
        if self.busy:
            self._cancelled.set()
            self.status.setText(tr("Cancelling…"))
        else:
            super().reject()

    def _find(self) -> None:
        text = self.text.text().strip().removeprefix("hf://").strip("/")
        if text:
            self._run(lambda: hub_files.search(text), self._show_datasets, tr("Searching…"))

    def _show_datasets(self, matches: list[HubMatch]) -> None:
        rows = [_row(match) for match in matches]
        for column in range(1, len(_DATASETS)):
            self.datasets.setColumnHidden(column, not any(row[column] for row in rows))
        self.datasets.show_rows(matches, rows)
        self._forget_dataset()
        self.status.setText("" if matches else tr("No dataset has this text in its name. Try fewer words."))

    def _look_up(self, match: object) -> None:
        self._forget_dataset()
        if isinstance(match, HubMatch):
            self._run(lambda: hub_files.look_up(match.repository), self._show_dataset, tr("Reading the dataset…"))

    def _show_dataset(self, answer: tuple[HubDataset, list[HubPart]]) -> None:
        self._dataset, parts = answer
        licence = isolated(self._dataset.licence) or tr("not stated")
        about = tr("{name}. Licence: {licence}. Revision: {revision}.").format(
            name=self._dataset.repository, licence=licence, revision=self._dataset.revision[:_SHORT]
        )
        gated = tr("Gated: accept the conditions on its page, then log in with: hf auth login.")
        self.about.setText(f"{about}\n{gated}" if self._dataset.is_gated else about)
        self.parts.show_rows(parts, [_part_row(part) for part in parts])
        self.status.setText("" if parts else tr("No file of this dataset can be read (CSV, JSON, JSONL, Parquet)."))
        if parts:
            self.parts.selectRow(0)
        self._show_busy(busy=False)

    def _forget_dataset(self) -> None:
        self._dataset = None
        self.about.setText("")
        self.parts.show_rows([], [])
        self.download.setEnabled(False)

    def _fetch(self) -> None:
        dataset, part = self._dataset, self.parts.current()
        if dataset is None or not isinstance(part, HubPart):
            return
        self._progress.setRange(0, 0)
        self._show_busy(busy=True)
        work = partial(hub_files.download_part, dataset, part, self._goes_on)
        self._run(work, self._finish, tr("Downloading {name}…").format(name=dataset.repository))

    def _goes_on(self, done: int, total: int) -> bool:
        self._progressed.emit(done, total)
        return not self._cancelled.is_set()

    def _show_progress(self, done: int, total: int) -> None:
        self._progress.setRange(0, max(total // _SCALE, 1))
        self._progress.setValue(done // _SCALE)

    def _finish(self, files: list[Path]) -> None:
        self.downloaded.emit(files)
        self.accept()

    def _run(self, work: Callable[[], Any], done: Callable[[Any], object], doing: str) -> None:
        """Run in the background; an error is shown in this dialog. Only the last answer counts."""
        self._cancelled.clear()
        self._asked += 1
        asked = self._asked
        self.status.setText(doing)

        def succeed(answer: Any) -> None:
            if asked == self._asked:
                self._show_busy(busy=False)
                self.status.setText("")
                done(answer)

        def fail(error: Exception) -> None:
            if asked == self._asked:
                self._show_busy(busy=False)
                self.status.setText(str(error))

        self._session.background.run(work, if_alive(self, succeed), if_alive(self, fail), show_errors=False)

    def _show_busy(self, *, busy: bool) -> None:
        self.busy = busy
        for widget in (self.text, self.search, self.datasets, self.parts):
            widget.setEnabled(not busy)
        self.download.setEnabled(not busy and self.parts.current() is not None)
        self.close_button.setText(tr("Cancel") if busy else tr("Close"))
        self._progress.setVisible(busy)

    def _connect(self) -> None:
        self.search.clicked.connect(self._find)
        self.text.returnPressed.connect(self._find)
        self.datasets.chosen.connect(self._look_up)
        self.parts.chosen.connect(lambda _part: self.download.setEnabled(True))
        self.parts.opened.connect(lambda _part, _column: self._fetch())
        self.download.clicked.connect(self._fetch)
        self.close_button.clicked.connect(self.reject)
        self._progressed.connect(self._show_progress)
        self._session.closed.connect(self._cancelled.set)

    def _build_ui(self) -> None:
        self.text.setPlaceholderText(tr("Name or part of it, for example or-bench"))
        self.text.setAccessibleName(tr("Search"))
        self.text.setClearButtonEnabled(True)
        for button in (self.search, self.close_button, self.download):
            button.setAutoDefault(False)  # Return in the search field searches
        self.download.setProperty("role", "primary")
        self._progress.setAccessibleName(tr("Progress"))
        for words in (self.about, self.status):
            words.setWordWrap(True)
        top = row_layout(None, (self.text, 1), self.search)
        bottom = row_layout(None, (self._progress, 1), Stretch(), self.close_button, self.download)
        lists = (self.datasets, 3), self.about, (self.parts, 2), self.status
        column_layout(self, top, *lists, bottom, margins=(16, 16, 16, 12), spacing=8)
        set_size(self, *_SIZE)


def _row(match: HubMatch) -> tuple[str, ...]:
    access = tr("private") if match.is_private else tr("gated") if match.is_gated else ""
    counts = (f"{count:,}" if count else "" for count in (match.downloads, match.likes))
    return (match.repository, access, *counts)


def _part_row(part: HubPart) -> tuple[str, ...]:
    size = tr("unknown") if part.size is None else QLocale.c().formattedDataSize(part.size)
    return (part.config, part.split, f"{len(part.files):,}", size)
