"""The licences of all judges, with buttons to measure the built-in ones."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QWidget

from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.judging.agreement import Agreement
from orbench_studio.domain.judging.licence import Licence
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.dialogs import confirm
from orbench_studio.gui.common.layouts import Stretch, column_layout, row_layout
from orbench_studio.gui.common.text_table import Row, TextTable, note, table_of, translated
from orbench_studio.gui.common.widgets import if_alive, show_status
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.judging.builtin_judges import BUILTIN_JUDGES

if TYPE_CHECKING:
    from orbench_studio.services.judging.licences import JudgeStanding
    from orbench_studio.services.workspace.workspace import Workspace

_STANDINGS = ("Judge", "Result", "Agreement (refusal or answer)", "Tested")
_FIT = ("Use", "Result")
_CELLS = ("Part of the test split", "Agreement")
_PROBES = ("Probe", "Misleads towards", "Answer classes changed", "Result")
NOTE = (
    "A test uses the human answer classes of one third of the labelled prompts: the sealed test split. After the "
    "first test, “Compare with human labels” and the search for phrases leave these classes out. Rates, and the "
    "training of the local judge for “Judge with local-judge”, use all classes. The journal records each test. "
    "Language models are tested with the command orbench-studio judge-test. The Audit page names the judges behind its "
    "rates that have not passed their test."
)

_NAMES = {"rules": "Test studio-rules…", "local": "Test local-judge…", "keywords": "Test or-bench-keyword-lists…"}
_QUESTION = (
    "The judge is tested on the human labels of the sealed test split. The journal records this use of the split. "
    "Each further test of the same judge makes its intervals wider."
)


class LicencesPane(QWidget):
    """Hidden without judgements."""

    message = Signal(str)  # for the user

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.status = note("")
        self.buttons = {name: QPushButton(tr(_NAMES[name])) for name in BUILTIN_JUDGES}
        self.standings, self.list = QWidget(), QWidget()
        for name, button in self.buttons.items():
            button.clicked.connect(lambda _checked=False, n=name: self._ask(n))
        row = row_layout(None, *self.buttons.values(), Stretch())
        self._column = column_layout(self, self.standings, row, self.status, self.list, spacing=12)
        self.hide()
        self.refresh()

    def refresh(self) -> None:
        def read(workspace: Workspace) -> list[JudgeStanding]:
            from orbench_studio.services.judging import licences

            return licences.with_builtin(licences.standings(workspace))

        self._session.run(read, if_alive(self, self._show))

    def _ask(self, name: str) -> None:
        title, test = tr("Use the sealed test split?"), tr("Test judge")
        confirm(self, title, tr(_QUESTION), test, partial(self.measure, name))

    def measure(self, name: str) -> None:
        """Give a built-in judge a licence."""
        annotator = self._session.annotator

        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.judging import licences

            return licences.changes_of(licences.licence_builtin(workspace, name, annotator))

        def failed(error: Exception) -> None:
            show_status(self.status, str(error), "error")

        def done(changes: Changes) -> None:
            show_status(self.status, changes.message)
            self.message.emit(changes.message)
            self.refresh()

        self._session.run(work, if_alive(self, done), if_alive(self, failed), show_errors=False)

    def _show(self, found: Sequence[JudgeStanding]) -> None:
        part = QWidget()
        column = column_layout(part, spacing=16)
        for one in found:
            if one.licence is not None:
                for table in licence_tables(one.licence):
                    column.addWidget(table_of(table))
        standings = table_of(standings_table(found))
        for old, new in ((self.standings, standings), (self.list, part)):
            self._column.replaceWidget(old, new)
            old.deleteLater()
        self.standings, self.list = standings, part
        self.setVisible(bool(found))


def standings_table(found: Sequence[JudgeStanding]) -> TextTable:
    """All judges, with the states of their licences."""
    rows = tuple(_standing(one) for one in found)
    return TextTable(tr("Tests of judges"), translated(_STANDINGS), rows, tr(NOTE), words=4)


def licence_tables(made: Licence) -> tuple[TextTable, ...]:
    """What a judge is fit for, its agreement by cell, and its probes."""
    fit = tuple((str(one.use), str(one.finding)) for one in made.verdicts)
    why = "\n".join(reason for one in made.verdicts for reason in one.reasons if not one.limited)
    worse = {(cell.kind, cell.name) for cell in made.dangerous}
    cells: list[Row] = []
    for kind, of in made.slices.items():
        for name, pairs in of.items():
            cells.append((_cell(name, (kind, name) in worse), Agreement(pairs).accuracy.short_with_n))
    for human, rate in made.recalls.items():
        cells.append((_cell(human.label, ("class", human.label) in worse), rate.short_with_n))
    probes = tuple((one.name, one.towards, one.changed.short_with_n, one.result) for one in made.probes)
    return (
        TextTable(tr("What {judge} is fit for").format(judge=made.judge), translated(_FIT), fit, why, words=2),
        TextTable(tr("Agreement of {judge}").format(judge=made.judge), translated(_CELLS), tuple(cells)),
        TextTable(tr("Probes of {judge}").format(judge=made.judge), translated(_PROBES), probes, words=2),
    )


def _standing(one: JudgeStanding) -> Row:
    name = tr("{judge} ({kind})").format(judge=one.judge, kind=one.kind)
    if one.licence is None or one.at is None:
        return name, one.reason, "", ""
    given = tr("{date} by {annotator}, test {opening}").format(
        date=f"{one.at.astimezone():%Y-%m-%d}", annotator=one.by, opening=one.licence.opening
    )
    return name, one.reason or tr("passed"), one.licence.agreement.accuracy.short_with_n, given


def _cell(name: str, is_worse: bool) -> str:
    return tr("{cell} (worse than overall)").format(cell=name) if is_worse else name
