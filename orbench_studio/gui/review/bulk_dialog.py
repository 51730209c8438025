"""The bulk dialog: which prompts, their current labels, and one button that names the act."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QListWidget,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QWidget,
)

from orbench_studio.domain.core.annotation import Aspect, Label, Visible
from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.review.queue import QueueRow
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import Dialog
from orbench_studio.gui.common.layouts import Stretch, row_layout
from orbench_studio.gui.common.theme import LABELS
from orbench_studio.gui.common.widgets import ENTER, if_alive, label
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.review.bulk_labels import BulkPreview
    from orbench_studio.services.workspace.workspace import Workspace

_WHAT = (
    (Aspect.LABEL, Label.SAFE, "S"),
    (Aspect.LABEL, Label.TOXIC, "T"),
    (Aspect.LABEL, Label.CONTROVERSIAL, "C"),
    (Aspect.SKIP, "skipped", "K"),
    (Aspect.FLAG, "on", "F"),
    (Aspect.FLAG, "off", "U"),
)
_ACTS = {(Aspect.SKIP, "skipped"): "→ Skip", (Aspect.FLAG, "on"): "⚑ Flag", (Aspect.FLAG, "off"): "Unflag"}
_BUTTONS = {
    (Aspect.LABEL, False): "Label 1 prompt {value}",
    (Aspect.LABEL, True): "Label {count} prompts {value}",
    (Aspect.SKIP, False): "Skip 1 prompt",
    (Aspect.SKIP, True): "Skip {count} prompts",
    (Aspect.FLAG, False): "Flag 1 prompt",
    (Aspect.FLAG, True): "Flag {count} prompts",
}
_UNFLAG = {False: "Unflag 1 prompt", True: "Unflag {count} prompts"}


class BulkDialog(Dialog):
    """Previews a bulk decision and records it on exactly the previewed prompts, even if the queue changed since."""

    message = Signal(str)  # after everything was decided
    _progressed = Signal(int, int)

    def __init__(
        self,
        parent: QWidget,
        session: Session,
        scopes: dict[str, Sequence[int]],
        *,
        wanted: Label | None,
        visible: frozenset[Visible],
        shown_as: Callable[[QueueRow], QueueRow],
    ) -> None:
        super().__init__(parent, tr("Decide many prompts"))
        self._visible = visible  # votes and judgements; the prompts themselves were not looked at
        self._shown_as = shown_as
        self._session, self._scopes = session, scopes
        self._preview: BulkPreview | None = None
        self._cancelled = Event()
        self._scope, self._what = QButtonGroup(self), QButtonGroup(self)
        self._undecided = QCheckBox(tr("Only &unlabelled prompts"))
        self._summary = label("", "quiet", wrap=True)
        self._list = QListWidget()
        self._progress = QProgressBar()
        self._go, self._close = QPushButton(), QPushButton(tr("Cancel"))
        self._build_ui(wanted)
        self._connect()
        self._load_preview()

    def _load_preview(self) -> None:
        self._preview = None
        self._state()
        ids = list(self._scopes.values())[self._scope.checkedId()]
        only_undecided = self._undecided.isChecked()

        def work(workspace: Workspace) -> BulkPreview:
            from orbench_studio.services.review import bulk_labels

            return bulk_labels.preview(workspace, ids, only_undecided=only_undecided)

        self._session.run(work, if_alive(self, self._show))

    def _show(self, preview: BulkPreview) -> None:
        self._preview = preview
        self._summary.setText(summary(preview))
        self._list.clear()
        for row in map(self._shown_as, preview.rows):
            self._list.addItem(f"#{row.prompt_id}   {row.category or tr('no category')}   {row.text}")
        more = len(preview.ids) - len(preview.rows)
        if more > 0:
            self._list.addItem(tr("… and {count} more").format(count=f"{more:,}"))
        self._state()

    def _state(self) -> None:
        count = len(self._preview.ids) if self._preview else 0
        aspect, value, _ = _WHAT[max(self._what.checkedId(), 0)]
        text = tr(_UNFLAG[count != 1] if value == "off" else _BUTTONS[aspect, count != 1])
        chosen = self._what.checkedId() >= 0
        act = text.format(count=f"{count:,}", value=value)
        self._go.setText(f"{act}   Ctrl+Enter" if chosen else tr("Choose a decision"))
        self._go.setEnabled(chosen and count > 0)

    def _begin(self) -> None:
        if not self._go.isEnabled() or self._preview is None:
            return
        for part in (self._go, self._undecided, *self._scope.buttons(), *self._what.buttons()):
            part.setEnabled(False)
        self._progress.show()
        aspect, value, _ = _WHAT[self._what.checkedId()]
        ids, annotator = self._preview.ids, self._session.annotator

        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.review import bulk_labels

            return bulk_labels.decide_all(
                workspace,
                ids,
                aspect,
                value,
                annotator=annotator,
                visible=self._visible,
                progress=self._progressed.emit,
                cancelled=self._cancelled.is_set,
            )

        self._session.run(work, self._decided, self._failed)

    def _decided(self, changes: Changes) -> None:
        self.message.emit(changes.message)
        super().accept()

    def _failed(self, _error: Exception) -> None:
        super().reject()  # the window shows the error

    def reject(self) -> None:
        if self._progress.isHidden():
            super().reject()
        else:
            self._cancelled.set()  # the dialog closes once everything is rolled back

    def keyPressEvent(self, event: QKeyEvent) -> None:
        letters = [key for _, _, key in _WHAT]
        if event.key() in ENTER and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._begin()
        elif event.text().upper() in letters and not event.modifiers():
            self._what.button(letters.index(event.text().upper())).setChecked(True)
        elif event.key() not in ENTER:
            super().keyPressEvent(event)

    def _connect(self) -> None:
        self._scope.idClicked.connect(lambda _: self._load_preview())
        self._what.buttonToggled.connect(lambda *_: self._state())
        self._undecided.toggled.connect(lambda _: self._load_preview())
        self._go.clicked.connect(self._begin)
        self._close.clicked.connect(self.reject)
        self._progressed.connect(self._show_progress)
        self._session.closed.connect(self._cancelled.set)

    def _show_progress(self, done: int, of: int) -> None:
        self._progress.setMaximum(of)
        self._progress.setValue(done)

    def _build_ui(self, chosen: Label | None) -> None:
        self._undecided.setChecked(True)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setUniformItemSizes(True)
        self._list.setAccessibleName(tr("Prompts to decide"))
        self._progress.hide()
        self._go.setProperty("role", "primary")
        self._go.setAutoDefault(False)
        self._close.setAutoDefault(False)
        buttons = row_layout(None, Stretch(), self._close, self._go)
        self.fill(
            self._scope_row(),
            self._what_row(chosen),
            self._undecided,
            self._summary,
            (self._list, 1),
            self._progress,
            label(tr("One undo reverses the whole bulk decision."), "meta"),
            buttons,
            size=(680, 520),
        )

    def _scope_row(self) -> QHBoxLayout:
        titles = {"chosen": tr("Selected prompts: {count}"), "queue": tr("All prompts of the queue: {count}")}
        for place, (name, ids) in enumerate(self._scopes.items()):
            button = QRadioButton(titles[name].format(count=f"{len(ids):,}"))
            button.setChecked(place == 0)
            self._scope.addButton(button, place)
        return row_layout(None, *self._scope.buttons(), Stretch(), margins=None)

    def _what_row(self, chosen: Label | None) -> QHBoxLayout:
        for place, (aspect, value, key) in enumerate(_WHAT):
            mark = LABELS[Label(value)] if aspect is Aspect.LABEL else None
            text = f"{mark.shape} {mark.word.capitalize()}" if mark else tr(_ACTS[aspect, str(value)])
            button = QRadioButton(f"{text}  {key}")
            button.setAccessibleName(tr("{act}, key {key}").format(act=text, key=key))
            button.setChecked(value == chosen)
            self._what.addButton(button, place)
        return row_layout(None, *self._what.buttons(), Stretch(), margins=None)


def summary(preview: BulkPreview) -> str:
    """The current labels and categories of the prompts, and how many prompts are excluded."""

    def listed(counts: dict[str, int]) -> str:
        return ", ".join(f"{count:,} {name}" for name, count in counts.items())

    lines = [tr("Current labels: {counts}").format(counts=listed(preview.labels) or tr("none"))]
    if preview.categories:
        lines.append(tr("Categories: {counts}").format(counts=listed(preview.categories)))
    if preview.excluded:
        lines.append(tr("Excluded, because already labelled: {count}").format(count=f"{preview.excluded:,}"))
    return "\n".join(lines)
