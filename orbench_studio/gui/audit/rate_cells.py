"""The rates of an audit as a table of models and categories, sorted by either."""

from collections.abc import Iterable
from html import escape

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt
from PySide6.QtGui import QFontMetrics

from orbench_studio.domain.audit.refusal_rates import NO_CATEGORY, Audit, Group, Tally
from orbench_studio.domain.core.rates import UnjudgedRate, percent, span
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.live_table import Index
from orbench_studio.gui.common.theme import META, font, px

HEADER_WIDTH = 176  # pixels
_REFUSED = "{model}, {category}: refused {rate}."
_CELL_TEXT = {Group.SAFE: _REFUSED, Group.TOXIC: "{model}, {category}: answered {rate}.", Group.OTHER: _REFUSED}
_NO_ANSWERS = "{model}, {category}: no judged responses."
_NO_RATE = "{model}, {category}: {rate}. Judge them on the Judges page."
_REFUSALS = "Refusals: {refusals}."
_EXCLUDED = "Excluded: {excluded}. With these responses, the rate is {bounds}."
RATE = Qt.ItemDataRole.UserRole


class Cells(QAbstractTableModel):
    """Rates of an audit in one group; the first column is the rate over all categories."""

    def __init__(self) -> None:
        super().__init__()
        self.audit: Audit | None = None
        self.group = Group.SAFE
        self.models: list[str] = []
        self.columns: list[str | None] = []
        self.sorted_by: str | None = None  # the category that sorts the models
        self.ascending = False
        self._ranking: str | None = None  # the model that sorts the categories; None for their usual order
        self._lowest_first = False

    def show(self, audit: Audit | None, group: Group) -> None:
        """Show an audit; with the same models and categories, cells that are current or selected move with theirs."""
        columns, models = _columns(audit, group), audit.models if audit else []
        self.audit, self.group = audit, group
        if self.sorted_by not in columns:
            self.sorted_by, self.ascending = None, False
        if {*models} == {*self.models} and {*columns} == {*self.columns}:
            self._arrange(columns)
        else:
            self.beginResetModel()
            self.models, self.columns = self._sorted(models, columns)
            self.endResetModel()

    def _sorted(self, models: Iterable[str], columns: list[str | None]) -> tuple[list[str], list[str | None]]:
        audit, group = self.audit, self.group
        models = sorted(models, key=lambda of: (_rank(audit, group, of, self.sorted_by, self.ascending), of))
        if (of := self._ranking) in models:
            first, *others = columns
            columns = [first, *sorted(others, key=lambda c: _rank(audit, group, of, c, self._lowest_first))]
        return models, columns

    def _arrange(self, columns: list[str | None]) -> None:
        """Sort models and categories by the present rates."""
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        cells = [(self.models[index.row()], self.columns[index.column()]) for index in before]
        self.models, self.columns = self._sorted(self.models, columns)
        self.changePersistentIndexList(before, [self.place_of(cell) for cell in cells])
        self.layoutChanged.emit()

    def place_of(self, cell: tuple[str, str | None]) -> QModelIndex:
        """The index of a model and a category; that of the first cell if they are not there."""
        model, category = cell
        if model in self.models and category in self.columns:
            return self.index(self.models.index(model), self.columns.index(category))
        return self.index(0, 0)

    def sort_by(self, column: int) -> None:
        """Sort the models by a column, highest rate first; lowest first if it is sorted by that column already."""
        chosen = self.columns[column]
        self.ascending = chosen == self.sorted_by and not self.ascending
        self.sorted_by = chosen
        self._arrange(self.columns)

    def sort_categories_by(self, row: int) -> None:
        """Sort the categories by their rates of a model, highest first; then lowest first; then as usual again."""
        chosen = self.models[row]
        was = self._ranking == chosen, self._lowest_first
        self._ranking = None if was == (True, True) else chosen
        self._lowest_first = was == (True, False)
        self._arrange(_columns(self.audit, self.group))

    def short(self, row: int, column: int) -> str:
        """Return the rate of a cell with interval, count and n."""
        return self.tally(self.index(row, column)).rate(self.group).short_with_n

    def text(self) -> str:
        """Return the table with column names as tab-separated text."""
        lines = [[tr("Model"), *map(category_title, self.columns)]]
        for row, model in enumerate(self.models):
            lines.append([model, *(self.short(row, column) for column in range(len(self.columns)))])
        return "\n".join("\t".join(" ".join(cell.split()) for cell in line) for line in lines)

    def tally(self, index: Index) -> Tally:
        if self.audit is None:
            return Tally()
        return self.audit.tally(self.group, self.models[index.row()], self.columns[index.column()])

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.models)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, side: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if side is Qt.Orientation.Vertical:
            name = " ".join(self.models[section].split())
            if role == Qt.ItemDataRole.DisplayRole:
                shown = QFontMetrics(font(META)).elidedText(name, Qt.TextElideMode.ElideMiddle, px(HEADER_WIDTH) - 36)
                return (
                    f"{shown} {'◂' if self._lowest_first else '▸'}" if self.models[section] == self._ranking else shown
                )
            return f"<qt>{escape(name)}</qt>" if role == Qt.ItemDataRole.ToolTipRole else None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        title = category_title(self.columns[section])
        return title if self.columns[section] != self.sorted_by else f"{title} {'▴' if self.ascending else '▾'}"

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or self.audit is None:
            return None
        tally = self.tally(index)
        rate = tally.rate(self.group)
        if role == Qt.ItemDataRole.DisplayRole:
            return percent(rate.value)
        if role == RATE:
            return rate
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return self.cell_text(index)
        return f"<qt>{escape(self.cell_text(index))}</qt>" if role == Qt.ItemDataRole.ToolTipRole else None

    def cell_text(self, index: Index) -> str:
        """Describe a cell: rate with n and interval, excluded responses, and bounds of the rate with them."""
        tally = self.tally(index)
        rate = tally.rate(self.group)
        model, category = self.models[index.row()], category_title(self.columns[index.column()])
        template = _CELL_TEXT[self.group] if rate.n else _NO_ANSWERS
        if isinstance(rate, UnjudgedRate):
            template = _NO_RATE
        text = tr(template).format(model=model, category=category, rate=rate.words)
        if tally.responses:
            text = f"{text} {tr(_REFUSALS).format(refusals=tally.refused_text)}"
        bounds = tally.bounds(self.group)
        if not tally.excluded or bounds is None:
            return text
        excluded = tally.excluded_text
        return f"{text} {tr(_EXCLUDED).format(excluded=excluded, bounds=span(bounds, ' to '))}"


def category_title(category: str | None) -> str:
    if category is None:
        return tr("all")
    return tr("no category") if category == NO_CATEGORY else category


def _rank(audit: Audit | None, group: Group, model: str, category: str | None, ascending: bool) -> tuple[bool, float]:
    """The place of a cell in an order of rates; cells without a rate are last."""
    value = audit.rate(group, model, category).value if audit else None
    return value is None, (value or 0.0) * (1 if ascending else -1)


def _columns(audit: Audit | None, group: Group) -> list[str | None]:
    if audit is None:
        return []
    there = (c for c in audit.categories if any(audit.tally(group, m, c).responses for m in audit.models))
    return [None, *there]
