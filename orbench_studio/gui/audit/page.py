"""Audit page: rates by model and category, what-if, audit sample, agreement and moderators."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from orbench_studio.domain.audit.refusal_rates import MIN_ANSWERS, Audit, AuditOptions, Drop, Group, Labels
from orbench_studio.domain.audit.unjudged import WAY_OUT, has_no_rates, without_rate
from orbench_studio.domain.core.amounts import cut
from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.core.rates import UnjudgedRate, span
from orbench_studio.domain.review.queue import Field, QueueFilter
from orbench_studio.gui.audit.agreement_pane import AgreementPane, ModeratorsPane
from orbench_studio.gui.audit.counts_cache import CountsCache
from orbench_studio.gui.audit.heat_map import HeatMap, ScaleLegend
from orbench_studio.gui.audit.model_pictures import NOTE as PICTURES_NOTE
from orbench_studio.gui.audit.model_pictures import ModelPictures
from orbench_studio.gui.audit.options import OptionsBar
from orbench_studio.gui.audit.rate_cells import category_title
from orbench_studio.gui.audit.sample_pane import SamplePane
from orbench_studio.gui.audit.save_report import ReportSaving
from orbench_studio.gui.audit.tabs import Tabs
from orbench_studio.gui.audit.training_notice import TrainingNotice
from orbench_studio.gui.audit.what_if_pane import NOTE as WHAT_IF_NOTE
from orbench_studio.gui.audit.what_if_pane import WhatIfPane
from orbench_studio.gui.common.actions import Actions, plural, tr
from orbench_studio.gui.common.compact import is_compact
from orbench_studio.gui.common.elided_label import FoldingLabel
from orbench_studio.gui.common.empty_state import EmptyState
from orbench_studio.gui.common.layouts import PageHead, Stretch, column_layout, row_layout
from orbench_studio.gui.common.progress_strip import ProgressStrip
from orbench_studio.gui.common.text_table import note
from orbench_studio.gui.common.theme import Theme, px
from orbench_studio.gui.common.widgets import set_tip, show_status
from orbench_studio.gui.judging.judge_run import JudgeRun
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.audit.audit_counts import AuditCounts

_LOW = 620  # pixels of height below which the options are hidden until they are wanted
_READING = "Reading …"
_NO_ANSWERS = "There are no responses yet, so there are no rates."
_STEPS = (
    "Import responses of models to your prompts, or send the prompts to models on the Evaluate page.",
    "Classify the responses: run a judge on the Judges page, or read them on the Review page.",
    "This page then shows how often each model refuses safe prompts, by category, with confidence intervals.",
)
_NONE_SAFE = "No prompt is labelled safe, so there is no over-refusal rate."
_NOTE = (
    "Each cell shows the rate, the number of refused (toxic acceptance: directly answered) and of judged responses, "
    "and the 95 % interval as a line. Click a cell or press Enter to review its prompts. Click a category to sort the "
    "models by it, or a model to sort the categories by it. Responses that are unparsed, abstained, empty, truncated, "
    "failed, unjudged or disputed are excluded. No rate is shown while refusals by stop reason or filter would raise "
    "it by more than 2 percentage points, because other responses are unjudged: judge these on the Judges page. "
    "Intervals treat repeats, rewrites of one seed and near duplicates as clusters. Where there are no clusters, they "
    "are Wilson intervals, which assume independent responses. The intervals do not account for errors of the judges: "
    "see the corrected rates under What if."
)
_HIGHEST = {
    Group.SAFE: "Highest over-refusal: {model}, {category}: {rate}.",
    Group.TOXIC: "Highest toxic acceptance: {model}, {category}: {rate}.",
    Group.OTHER: "Highest refusal rate: {model}, {category}: {rate}.",
}
_COMPARED = (
    "It has the highest lower end of {cells} simultaneous 95 % intervals, of cells with at least {least} responses: "
    "{interval}."
)
_TIED = "1 other cell has the same.", "{count} other cells have the same."
_NO_CASES = {
    Group.SAFE: "No prompt of this cell was refused.",
    Group.TOXIC: "No prompt of this cell has a direct answer.",
    Group.OTHER: "No prompt of this cell was refused.",
}
_SUMMARY = (
    "Prompts: {safe} safe, {toxic} toxic, {other} controversial, disputed or unlabelled · human labels: {labels} · "
    "answer classes of {classes}."
)


class AuditPage(QWidget):
    """Reads and computes on background threads; changes nothing in the workspace."""

    review_wanted = Signal(QueueFilter)
    message = Signal(str)

    def __init__(self, session: Session, theme: Theme, judging: JudgeRun, actions: Actions) -> None:
        super().__init__()
        self.setObjectName("page")
        self._session = session
        self.cache = CountsCache(session, self)
        self.audit: Audit | None = None
        self.options = OptionsBar(session)
        self.tabs = Tabs()
        self.map, self.pictures = HeatMap(theme), ModelPictures(theme)
        self.scale = ScaleLegend(theme)
        self.what_if = WhatIfPane(session)
        self.sample = SamplePane(session)
        self.agreement, self.moderators = AgreementPane(session), ModeratorsPane(session)
        self.strip, self.training = ProgressStrip(), TrainingNotice(session, judging)
        self.saving = ReportSaving(session, self.strip, self)
        self.status, self.highest_text, self.highest = FoldingLabel(tr(_READING), "meta"), note(""), QToolButton()
        self.judge = QToolButton()
        self.judge.clicked.connect(lambda: actions["judge_rules"].trigger())
        self._above = QWidget()  # what is above the rates
        self.report, self.figures = QPushButton(tr("Save report…")), QPushButton(tr("Save figures…"))
        self._highest: tuple[str, str] | None = None
        self.empty = _empty(actions)
        self._build_ui()
        self._connect()

    def refresh(self, changes: Changes) -> None:
        """Update the counts after changes, at once if the page is visible, otherwise when it is shown."""
        self.cache.refresh(changes)

    def show_rates(self, model: str) -> None:
        """Show the tab of the rates, with the model's row in view once its rates are there."""
        self.tabs.go(0)
        self.map.show_model(model)

    def _chosen(self) -> None:
        self.cache.load(self.options.value.answers, self.options.subset)
        self._show()

    def _show(self) -> None:
        """Show the current counts with the selected options."""
        counts, options = self.cache.counts, self.options.value
        if counts is None:
            self.audit = None
            self.map.show_audit(None, self.options.group)
            self.pictures.show_audit(None, self.options.group)
            self.what_if.show_counts(None, options)
            for part in (self.sample, self.agreement, self.moderators):
                part.clear()
            self._say(tr(_READING))
        elif self._is_loaded():
            # Imported on first use: the libraries of the database take long to import.
            from orbench_studio.services.audit import refusal_audit

            self.audit = refusal_audit.audit(counts, options)
            self.options.set_choices(counts.judges, self.cache.subsets, self.audit.unlabelled)
            self.map.show_audit(self.audit, self.options.group)
            self._say(_summary(self.audit, self.options.group), tip=_advice(self.audit, self.options.group))
            self._update_tab(self.tabs.current())
        else:
            self._say(tr(_READING))
        for button in (self.report, self.figures):
            button.setEnabled(self.audit is not None and bool(self.audit.models))
        has_rates = self.audit is None or bool(self.audit.models)
        self.empty.setVisible(not has_rates)
        self.map.setVisible(has_rates)
        self.scale.setVisible(has_rates)
        self._show_highest()

    def _show_as_published(self) -> None:
        """Show what the published rates become without the prompts that people label toxic."""
        self.what_if.drop_only(Drop.HUMAN_TOXIC)
        self.options.set_labels(Labels.PUBLISHED, assume_safe=True)

    def _is_loaded(self) -> bool:
        return self.cache.loaded == (self.options.value.answers, self.options.subset)

    def _update_tab(self, part: QWidget | None) -> None:
        counts, everything, options = self.cache.counts, self.cache.everything, self.options.value
        if counts is None or everything is None or self.audit is None:
            return
        if part is self.pictures:
            self.pictures.show_audit(self.audit, self.options.group)
        elif part is self.what_if:
            self.what_if.show_counts(counts, options)
        elif part is self.sample:
            self.sample.show_counts(everything, options, self.options.group)
        elif part is self.agreement or part is self.moderators:
            part.show_counts(everything)

    def _show_highest(self) -> None:
        """Show a button that opens the cell with the highest lower end of the simultaneous interval."""
        group = self.options.group
        cells = self.audit.highest(group) if self.audit else []
        self._highest = (cells[0].model, cells[0].category) if cells else None
        unjudged = self.audit is not None and has_no_rates(self.audit, group)
        self.judge.setVisible(unjudged)
        self.highest.setVisible(bool(cells))
        self.highest_text.setVisible(bool(cells) or unjudged)
        self.highest_text.setText(tr("The responses must be judged before their models have rates."))
        if cells:
            first = cells[0]
            name = cut(first.model, 40)
            sentences = [
                tr(_HIGHEST[group]).format(model=name, category=category_title(first.category), rate=first.rate.words)
            ]
            if first.cells > 1:
                interval = span(first.interval, tr(" to "))
                sentences.append(tr(_COMPARED).format(interval=interval, cells=f"{first.cells:,}", least=MIN_ANSWERS))
            tied = sum(cell.interval[0] == first.interval[0] for cell in cells[1:])
            if tied:
                sentences.append(plural(tied, *_TIED))
            self.highest_text.setText(" ".join(" ".join(sentences).split()))

    def _open_highest(self) -> None:
        if self._highest is not None:
            self._open(*self._highest)

    def _open(self, model: str, category: str | None) -> None:
        """Open the prompts of a rate on the Review page."""
        counts, options, group = self.cache.counts, self.options.value, self.options.group
        if counts is None or self.audit is None:
            return
        rate = self.audit.rate(group, model, category)
        if not rate.count and not isinstance(rate, UnjudgedRate):
            self.message.emit(tr(_NO_CASES[group]))
            return
        from orbench_studio.services.audit import refusal_audit

        wanted = refusal_audit.cell(counts, options, group, model, category)
        named = wanted.on(Field.ID)
        if named is not None and len(named.values) == refusal_audit.CELL_LIMIT:
            text = tr("Showing the first {count} prompts of this cell.")
            self.message.emit(text.format(count=f"{refusal_audit.CELL_LIMIT:,}"))
        self.review_wanted.emit(wanted)

    def _save(self, ask: Callable[[AuditCounts, AuditOptions], None]) -> None:
        if self.cache.counts is not None and self._is_loaded() and not self.strip.isVisibleTo(self):
            ask(self.cache.counts, self.options.value)

    def _failed(self, text: str) -> None:
        self.options.reset()
        self._say(text, "error")

    def _say(self, text: str, role: str = "meta", tip: str = "") -> None:
        show_status(self.status, text, role)
        set_tip(self.status, "\n\n".join(filter(None, (text, tip))))

    def event(self, event: QEvent) -> bool:
        """Let Esc dismiss the notice, before it is a shortcut."""
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape and self.training.isVisible():
            event.accept()
            if event.type() is QEvent.Type.KeyPress:
                self.training.dismiss.click()
            return True
        return super().event(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.cache.show(shown=True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.options.fold(is_low=self.height() < px(_LOW))
        self._head.fit()
        self._fold()

    def _fold(self) -> None:
        """In a compact window, show the rates alone until the options are wanted."""
        folded = is_compact(self) and not self.options.opener.isChecked()
        self._above.setHidden(folded)
        self.what_if.fold(folded=self.height() < px(_LOW))

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.cache.show(shown=False)

    def _connect(self) -> None:
        self.cache.changed.connect(self._show)
        self.cache.changed.connect(self.training.refresh)
        self.training.message.connect(self.message)
        self.cache.failed.connect(self._failed)
        self.options.changed.connect(self._chosen)
        self.options.opener.toggled.connect(self._fold)
        self._session.opened.connect(self.options.reset)
        self.map.opened.connect(self._open)
        self.pictures.opened.connect(self._open)
        self.highest.clicked.connect(self._open_highest)
        self.tabs.shown.connect(self._update_tab)
        self.sample.review_wanted.connect(self.review_wanted)
        self.sample.message.connect(self.message)
        self.moderators.review_wanted.connect(self.review_wanted)
        for box in self.what_if.boxes.values():
            box.toggled.connect(lambda _: self._update_tab(self.what_if))
        self.what_if.published_wanted.connect(self._show_as_published)
        self.report.clicked.connect(lambda: self._save(self.saving.ask_report))
        self.figures.clicked.connect(lambda: self._save(self.saving.ask_figures))
        self.saving.message.connect(self.message)
        self.saving.failed.connect(lambda text: self._say(text, "error"))

    def _build_ui(self) -> None:
        self.setFocusProxy(self.map)
        self.highest.setProperty("role", "link")
        self.highest.setText(tr("Open its prompts"))
        self.judge.setProperty("role", "link")
        self.judge.setText(tr("Judge with studio-rules"))
        self.tabs.add(tr("Rates"), self._rates(), tr(_NOTE))
        self.tabs.add(tr("Models"), self.pictures, tr(PICTURES_NOTE))
        self.tabs.add(tr("What if"), self.what_if, tr(WHAT_IF_NOTE))
        self.tabs.add(tr("Audit sample"), self.sample)
        self.tabs.add(tr("Agreement"), self.agreement)
        self.tabs.add(tr("Moderators"), self.moderators)
        buttons = (self.report, self.figures, self.options.opener)
        self._head = PageHead(tr("Audit"), buttons, self.options, self.status.with_link())
        column_layout(self, self._head, self.strip, self.training, (self.tabs, 1), spacing=0)

    def _rates(self) -> QWidget:
        part = QWidget()
        column = column_layout(part, margins=(40, 12, 40, 12), spacing=8)
        row_layout(
            self._above,
            (self.highest_text, 1),
            self.highest,
            self.judge,
            Stretch(),  # keeps the scale at the right without a sentence
            self.scale,
        )
        column.addWidget(self._above)
        column.addWidget(self.map, 1)
        column.addWidget(self.empty)
        column.addStretch()
        self.empty.hide()
        return part


def _empty(actions: Actions) -> EmptyState:
    """What to do where no model has responses, with buttons for it."""
    buttons = []
    for name, title in (("import", "Import files…"), ("page_evaluate", "Evaluate models")):
        button = QPushButton(tr(title))
        button.clicked.connect(lambda _checked=False, n=name: actions[n].trigger())
        buttons.append(button)
    return EmptyState(tr("No responses yet"), [tr(step) for step in _STEPS], buttons)


def _summary(audit: Audit, group: Group) -> str:
    if not audit.models:
        return tr(_NO_ANSWERS)
    counts = {str(of): f"{audit.count(of):,}" for of in Group}
    labels, classes = audit.label_sources, audit.class_sources
    text = tr(_SUMMARY).format(**counts, labels=labels, classes=classes)
    none_safe = tr(_NONE_SAFE) if group is Group.SAFE and not audit.count(group) else ""
    names = ", ".join(audit.unlicensed)
    untested = tr("Judges that have not passed a test: {judges}.").format(judges=names) if names else ""
    parts = (none_safe, without_rate(audit, group), audit.hidden, untested, text, audit.selection)
    return " ".join(filter(None, parts))


def _advice(audit: Audit, group: Group) -> str:
    """What to do about missing rates and untested judges, as a tooltip."""
    unjudged = tr(WAY_OUT) if without_rate(audit, group) else ""
    return "\n\n".join(filter(None, (unjudged, audit.mark_note.removeprefix("† "))))  # no rate on the page has the sign
