"""The dialog to choose models: recent ones, those on this machine, and those of each vendor with its key status."""

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QTreeWidgetItemIterator,
    QWidget,
)

from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.dialogs import Dialog, set_size
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.widgets import label
from orbench_studio.services.evaluation.model_catalogue import ModelGroup, Source, about

_SIZE = (640, 560)
_MODEL = Qt.ItemDataRole.UserRole


class ModelPicker(Dialog):
    """Emits the checked models, in the order of the list."""

    picked = Signal(list)

    def __init__(self, parent: QWidget, groups: Sequence[ModelGroup], selected: Iterable[str]) -> None:
        super().__init__(parent, tr("Choose models"))
        self.search, self.tree = QLineEdit(), QTreeWidget()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self._selected = frozenset(selected)
        self._build_ui()
        self.add_groups(groups)
        self.search.textChanged.connect(self._filter)
        self.tree.itemChanged.connect(lambda _item, _column: self._count())
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        self._count()

    def add_groups(self, groups: Sequence[ModelGroup]) -> None:
        """Add groups, for example servers that were found later; those on this machine come after the recent models."""
        for group in groups:
            top = QTreeWidgetItem([_title(group)])
            top.setFlags(Qt.ItemFlag.ItemIsEnabled)
            top.setFirstColumnSpanned(True)
            for model, price in group.models:
                amounts = ("", "") if price is None else (f"{price.input:g}", f"{price.output:g}")
                top.addChild(self._item(model, amounts))
            servers = group.source is Source.SERVER
            self.tree.insertTopLevelItem(1 if servers else self.tree.topLevelItemCount(), top)
            top.setFirstColumnSpanned(True)
            top.setExpanded(group.source is not Source.VENDOR or group.has_key)
        self._filter(self.search.text())

    def models(self) -> list[str]:
        """The checked models, each once."""
        checked = dict.fromkeys(
            item.data(0, _MODEL) for item in self._items() if item.checkState(0) is Qt.CheckState.Checked
        )  # fmt: skip
        return [model for model in checked if model not in self._selected]

    def _item(self, model: str, amounts: tuple[str, str]) -> QTreeWidgetItem:
        says = about(model)
        shown = tr("{model}: {description}").format(model=model, description=tr(says)) if says else model
        item = QTreeWidgetItem([shown, *amounts])
        item.setData(0, _MODEL, model)
        is_selected = model in self._selected
        item.setCheckState(0, Qt.CheckState.Checked if is_selected else Qt.CheckState.Unchecked)
        item.setDisabled(is_selected)
        item.setToolTip(0, "")
        for column in (1, 2):
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return item

    def _items(self) -> Iterable[QTreeWidgetItem]:
        iterator = QTreeWidgetItemIterator(self.tree)
        while (item := iterator.value()) is not None:
            if item.parent() is not None:
                yield item
            iterator += 1

    def _filter(self, text: str) -> None:
        """Show the models that contain every word; a group with a match is open."""
        words = text.casefold().split()
        for place in range(self.tree.topLevelItemCount()):
            top = self.tree.topLevelItem(place)
            assert top is not None
            matches = 0
            for item in filter(None, map(top.child, range(top.childCount()))):
                is_match = all(word in item.text(0).casefold() for word in words)
                item.setHidden(not is_match)
                matches += is_match
            top.setHidden(bool(words) and not matches)
            if words:
                top.setExpanded(bool(matches))

    def _count(self) -> None:
        models, add = len(self.models()), self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        add.setEnabled(models > 0)
        add.setText(plural(models, "Add 1 model", "Add {count} models") if models else tr("Add models"))

    def _accept(self) -> None:
        self.picked.emit(self.models())
        self.accept()

    def _build_ui(self) -> None:
        self.search.setPlaceholderText(tr("Filter"))
        self.search.setAccessibleName(tr("Filter models"))
        self.search.setClearButtonEnabled(True)
        self.tree.setAccessibleName(tr("Models"))
        self.tree.setHeaderLabels([tr("Model"), tr("Input"), tr("Output")])
        self.tree.setUniformRowHeights(True)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for place in (1, 2):
            header.setSectionResizeMode(place, QHeaderView.ResizeMode.ResizeToContents)
        column_layout(
            self,
            self.search,
            (self.tree, 1),
            label(tr("Prices are in USD per million tokens. Models without a price can be used too."), "meta"),
            self.buttons,
            margins=(16, 16, 16, 16),
            spacing=8,
        )
        set_size(self, *_SIZE)


def _title(group: ModelGroup) -> str:
    if group.source is Source.RECENT:
        return tr("Recent models in this workspace")
    if group.source is Source.BUILT_IN:
        return tr("Built in: no key, no server")
    if group.source is Source.SERVER:
        return tr("{server} on this machine").format(server=group.title)
    if group.has_key:
        return tr("{vendor}: key found in {variable} or the keyring").format(
            vendor=group.title, variable=group.key_variable
        )
    return tr("{vendor}: no key. Set {variable} or add it to the keyring.").format(
        vendor=group.title, variable=group.key_variable
    )
