"""The agreement of each two annotators as a matrix, deeper where they disagree more often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.bars import Shades
from orbench_studio.gui.common.live_table import Column, StaticTable
from orbench_studio.gui.common.text_table import note
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import label

if TYPE_CHECKING:
    from orbench_studio.domain.core.rates import Rate

_MOST = 20  # annotators


def matrix_of(agreement: dict[tuple[str, str], Rate], theme: Theme) -> QWidget:
    """Build the matrix with its title and a note."""
    names = sorted({name for pair in agreement for name in pair})[:_MOST]
    columns = [Column(tr("Annotator"), 100), *(Column(name, 90, number=True) for name in names)]
    table = StaticTable(tr("Agreement of annotators"), columns)

    def rate(row: str, column: str) -> Rate | None:
        return agreement.get((row, column)) or agreement.get((column, row))

    def disagreement(row: str, column: int) -> float | None:
        of = rate(row, names[column - 1]) if column else None
        return None if of is None or of.value is None else 1 - of.value

    table.setItemDelegate(Shades(table, theme, disagreement))
    table.show_rows(names, [(row, *(_text(rate(row, column)) for column in names)) for row in names])
    widget = QWidget()
    layout = QVBoxLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    layout.addWidget(label(tr("Agreement of annotators"), "strong"))
    layout.addWidget(table)
    layout.addWidget(
        note(
            tr("Share of equal labels on the prompts that both labelled, with n. Labels that are hidden are left out.")
        )
    )
    return widget


def _text(rate: Rate | None) -> str:
    if rate is None or rate.value is None:
        return "—"
    return tr("{percent} %, n {n}").format(percent=f"{100 * rate.value:.0f}", n=f"{rate.n:,}")
