"""The audit: which model refuses what it should answer, in which category, and would it survive a second look."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QPushButton, QToolButton, QVBoxLayout, QWidget

from orbench_studio.domain.audit.refusal_rates import Audit, Group
from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.review.queue import Field, QueueFilter
from orbench_studio.gui.audit.agreement_pane import AgreementPane, ModeratorsPane
from orbench_studio.gui.audit.counts_cache import CountsCache
from orbench_studio.gui.audit.heat_map import KINDS, HeatMap, category_words
from orbench_studio.gui.audit.options import OptionsBar
from orbench_studio.gui.audit.sample_pane import SamplePane
from orbench_studio.gui.audit.save_report import ReportSaving
from orbench_studio.gui.audit.tabs import Tabs
from orbench_studio.gui.audit.what_if_pane import ASSUMES, WhatIfPane
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.flow_layout import FlowLayout
from orbench_studio.gui.common.progress_strip import ProgressStrip
from orbench_studio.gui.common.text_table import note
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import label, set_role
from orbench_studio.gui.workspace.session import Session

_READING = "Reading …"
_NO_ANSWERS = (
    "No model has answered here yet. Import responses (Ctrl+I), or put prompts to models on the Evaluate page."
)
_NONE_SAFE = "No prompt is safe by these labels, so there is no over-refusal to tell."
_FEWEST = 20  # answers from which on a cell is named above the map
_ASSUMES = (
    "Each cell: the share, and of how many judged answers; a click or Enter opens its prompts. Wilson intervals at "
    "95 %, answers taken as independent. Unparsed, blocked, empty, failed and unjudged responses are counted apart."
)


class AuditPage(QWidget):
    """Reads and computes off the window's thread; decides nothing."""

    review_wanted = Signal(QueueFilter)
    message = Signal(str)

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("page")
        self._session = session
        self.cache = CountsCache(session, self)
        self.audit: Audit | None = None
        self.options = OptionsBar()
        self.tabs = Tabs()
        self.map = HeatMap(theme)
        self.what_if = WhatIfPane(session, theme)
        self.sample = SamplePane(session, theme)
        self.people, self.moderators = AgreementPane(session), ModeratorsPane(session, theme)
        self.strip = ProgressStrip()
        self.saving = ReportSaving(session, self.strip, self)
        self.says, self.most = note(""), QToolButton()
        self.report, self.figures = QPushButton(tr("Save report…")), QPushButton(tr("Save figures…"))
        self._most: tuple[str, str] | None = None
        self._build_ui()
        self._connect()

    def refresh(self, changes: Changes) -> None:
        """Count over what has changed; a page behind does so when it is shown again."""
        self.cache.refresh(changes)

    def _chosen(self) -> None:
        self.cache.ask(self.options.value.answers)
        self._show()

    def _show(self) -> None:
        """Show what is known by what is chosen."""
        counts, options = self.cache.counts, self.options.value
        if counts is None:
            self.audit = None
            self.map.show_audit(None, self.options.group)
            self.what_if.ask(None, options)
            for part in (self.sample, self.people, self.moderators):
                part.forget()
            self._say(tr(_READING))
        elif options.answers == self.cache.answers and self._is_known():
            # On first use: it brings the database's libraries.
            from orbench_studio.services.audit import refusal_audit

            self.audit = refusal_audit.audit(counts, options)
            self.options.offer(counts.judges, self.audit.unlabelled)
            self.map.show_audit(self.audit, self.options.group)
            self._say(_summary(self.audit, self.options.group))
            self._reckon(self.tabs.current())
        for button in (self.report, self.figures):
            button.setEnabled(self.audit is not None and bool(self.audit.models))
        self._name_most()

    def _is_known(self) -> bool:
        counts, answers = self.cache.counts, self.options.value.answers
        return counts is not None and (answers not in counts.judges or answers in counts.by_judge)

    def _reckon(self, part: QWidget | None) -> None:
        counts, options = self.cache.counts, self.options.value
        if counts is None or self.audit is None:
            return
        if part is self.what_if:
            self.what_if.ask(counts, options)
        elif part is self.sample:
            self.sample.ask(counts, options, self.options.group)
        elif part is self.people or part is self.moderators:
            part.ask(counts)

    def _name_most(self) -> None:
        """The cell that is surely refused most, as a button to it."""
        group = self.options.group
        cells = [
            ((rate.interval or (0.0, 0.0))[0], model, category, rate)
            for (of, model, category), tally in (self.audit.cells.items() if self.audit else ())
            if of is group and (rate := tally.rate(group)).n >= _FEWEST and rate.count
        ]
        most = max(cells, key=lambda cell: cell[:3], default=None)
        self._most = None if most is None else (most[1], most[2])
        self.most.setVisible(most is not None)
        if most is not None:
            _, model, category, rate = most
            name = model if len(model) <= 40 else f"{model[:40]}…"
            message = (
                f"{tr('Surely')} {tr(KINDS[group])} {tr('most')}: {name}, {category_words(category)}, {rate.words}"
            )
            self.most.setText(" ".join(message.split()).replace("&", "&&"))

    def _open_most(self) -> None:
        if self._most is not None:
            self._open(*self._most)

    def _open(self, model: str, category: str | None) -> None:
        """Show the prompts behind a rate in review."""
        counts, options, group = self.cache.counts, self.options.value, self.options.group
        if counts is None or self.audit is None:
            return
        rate = self.audit.rate(group, model, category)
        if not rate.count:
            self.message.emit(f"{tr('No prompt there was')} {tr(KINDS[group])}.")
            return
        from orbench_studio.services.audit import refusal_audit

        wanted = refusal_audit.cell(counts, options, group, model, category)
        named = wanted.on(Field.ID)
        if named is not None and len(named.values) == refusal_audit.CELL_LIMIT:
            self.message.emit(f"{tr('These are the first')} {refusal_audit.CELL_LIMIT:,} {tr('prompts of the cell.')}")
        self.review_wanted.emit(wanted)

    def _save(self, ask: str) -> None:
        if self.cache.counts is not None and self._is_known() and not self.strip.isVisibleTo(self):
            getattr(self.saving, ask)(self.cache.counts, self.options.value)

    def _failed(self, text: str) -> None:
        self.options.begin()
        self._say(text, "error")

    def _say(self, text: str, role: str = "quiet") -> None:
        set_role(self.says, "role", role)
        self.says.setText(text)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.cache.show(shown=True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.cache.show(shown=False)

    def _connect(self) -> None:
        self.cache.changed.connect(self._show)
        self.cache.failed.connect(self._failed)
        self.options.changed.connect(self._chosen)
        self._session.opened.connect(self.options.begin)
        self.map.opened.connect(self._open)
        self.most.clicked.connect(self._open_most)
        self.tabs.shown.connect(self._reckon)
        self.sample.review_wanted.connect(self.review_wanted)
        self.sample.message.connect(self.message)
        self.moderators.review_wanted.connect(self.review_wanted)
        for box in self.what_if.boxes.values():
            box.toggled.connect(lambda _: self._reckon(self.what_if))
        self.report.clicked.connect(lambda: self._save("ask_report"))
        self.figures.clicked.connect(lambda: self._save("ask_figures"))
        self.saving.message.connect(self.message)
        self.saving.failed.connect(lambda text: self._say(text, "error"))

    def _build_ui(self) -> None:
        self.setFocusProxy(self.map)
        self.most.setProperty("role", "link")
        head = QWidget()
        flow = FlowLayout(head, spacing=8)
        title = label(tr("Audit"), "title")
        title.setContentsMargins(0, 0, 24, 0)
        flow.addWidget(title)
        flow.addWidget(self.report)
        flow.addWidget(self.figures)
        top = QVBoxLayout()
        top.setContentsMargins(40, 16, 40, 8)
        top.setSpacing(8)
        top.addWidget(head)
        top.addWidget(self.options)
        top.addWidget(self.says)
        self.tabs.add(tr("Rates"), self._rates(), tr(_ASSUMES))
        self.tabs.add(tr("What if"), self.what_if, tr(ASSUMES))
        self.tabs.add(tr("Second look"), self.sample)
        self.tabs.add(tr("People and machines"), self.people)
        self.tabs.add(tr("Moderators"), self.moderators)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.strip)
        column.addWidget(self.tabs, 1)

    def _rates(self) -> QWidget:
        part = QWidget()
        column = QVBoxLayout(part)
        column.setContentsMargins(40, 12, 40, 12)
        column.setSpacing(8)
        column.addWidget(self.most, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.map, 1)
        return part


def _summary(audit: Audit, group: Group) -> str:
    if not audit.models:
        return tr(_NO_ANSWERS)
    counts = ", ".join(f"{audit.count(of):,} {tr(str(of))}" for of in Group)
    message = (
        f"{counts} {tr('prompts')} · {tr('labels by people')}: {audit.labelled_by_people.words} · "
        f"{tr('answer classes by people')}: {audit.judged_by_people.words}"
    )
    return f"{tr(_NONE_SAFE)} {message}" if group is Group.SAFE and not audit.count(group) else message
