"""The form of a recipe: the settings that are changed most often, in step with the text."""

from collections.abc import Callable, Iterator

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QGridLayout, QSpinBox, QWidget

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.curation.recipe import ANY_LABEL, LabelSource, Recipe, ShortagePolicy, Split
from orbench_studio.gui.audit.options import REFUSALS
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.fields import ComboBox, count_field, fill
from orbench_studio.gui.common.layouts import Stretch, column_layout
from orbench_studio.gui.common.theme import px
from orbench_studio.gui.common.widgets import label, scrolled

_SOURCES: dict[str, str] = {
    LabelSource.ANY: "any source",
    LabelSource.HUMAN: "people",
    LabelSource.CONSENSUS: "moderators' consensus",
}
_QUOTAS: dict[str, str] = {"": "none", Split.EQUAL: "equal", Split.PROPORTIONAL: "proportional"}
_SHORT: dict[str, str] = {
    ShortagePolicy.FEWER: "select fewer",
    ShortagePolicy.FILL: "fill from others",
    ShortagePolicy.STOP: "select nothing",
}
_NO_LIMIT, _EQUAL = "all that qualify", "maximum"
_MOST = 1_000_000
_NARROWEST = 90  # pixels of a field


class RecipeForm(QWidget):
    """Shows a recipe, whose values may not fit together yet, and reports each value that the user changes."""

    edited = Signal(str, str, object)  # section, key, and the new value; None removes the key
    split_wanted = Signal()  # select with the refusals of half of the model families

    def __init__(self) -> None:
        super().__init__()
        self.label = _choice({**{one.value: one.value for one in Label}, ANY_LABEL: "any label"})
        self.by = _choice(_SOURCES)
        self.unlabelled = QCheckBox(tr("Include prompts without a label"))
        self.split = QCheckBox(tr("Select by a random half of the families"))
        self.split.setToolTip(tr("Compare the models of the other half: the selection does not bias their rates."))
        self.families = _number(tr("not required"), 99)
        self.refusals = _choice({str(one): title for one, title in REFUSALS.items()})
        self.prompts = _number(tr(_NO_LIMIT))
        self.quotas = _choice(_QUOTAS)
        self.short = _choice(_SHORT)
        self.per_seed = _number(tr("no limit"))
        self.per_group = _number(tr("no limit"))
        self.seed = count_field(0, _MOST, 0)
        self._more = label("", "meta", wrap=True)
        self._build_ui()
        self._connect()

    def show_recipe(self, recipe: Recipe | None) -> None:
        """Show the values of a recipe; without one the form is disabled."""
        self.setEnabled(recipe is not None)
        if recipe is None:
            return
        self.blockSignals(True)  # only the user's changes are reported
        for field, value in (
            (self.label, recipe.label or ANY_LABEL), (self.by, recipe.by), (self.refusals, recipe.refusals),
            (self.quotas, recipe.split), (self.short, recipe.short),
        ):  # fmt: skip
            field.setCurrentIndex(field.findData(str(value or "")))
        for number, count in (
            (self.families, recipe.families), (self.prompts, recipe.prompts), (self.per_seed, recipe.per_seed),
            (self.per_group, recipe.per_group), (self.seed, recipe.seed),
        ):  # fmt: skip
            number.setValue(min(count or 0, number.maximum()))
        self.prompts.setSpecialValueText(tr(_EQUAL if recipe.split is Split.EQUAL else _NO_LIMIT))
        self.unlabelled.setChecked(recipe.include_unlabelled)
        self.split.setChecked(bool(recipe.of))
        self.split.setEnabled(bool(recipe.families or recipe.of))
        self.blockSignals(False)
        self.quotas.setEnabled(recipe.per_category is None)
        self.prompts.setEnabled(recipe.per_category is None)
        self._more.setText(_notes(recipe))

    def _connect(self) -> None:
        self._follow_choice(self.label, "qualify", "label")
        self._follow_choice(self.by, "qualify", "by")
        self._follow_choice(self.quotas, "size", "categories")
        self._follow_choice(self.short, "size", "short")
        self._follow_choice(self.refusals, "refused", "refusals")
        for number, section, key in (
            (self.families, "refused", "families"), (self.prompts, "size", "prompts"),
            (self.per_seed, "diversity", "per_seed"), (self.per_group, "diversity", "per_group"),
        ):  # fmt: skip
            number.valueChanged.connect(self._report(section, key, lambda count: count or None))
        self.seed.valueChanged.connect(self._report("", "seed", lambda count: count))
        self.unlabelled.toggled.connect(self._report("qualify", "include_unlabelled", lambda on: on or None))

        self.split.toggled.connect(self._split)

    def _split(self, on: bool) -> None:
        if on:
            self.split_wanted.emit()
        else:
            self.edited.emit("refused", "of", None)

    def _follow_choice(self, field: QComboBox, section: str, key: str) -> None:
        field.activated.connect(self._report(section, key, lambda _place: field.currentData() or None))

    def _report(self, section: str, key: str, value: Callable[[int], object]) -> Callable[[int], None]:
        return lambda given: self.edited.emit(section, key, value(given))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:  # the text size changed
            for number in self.findChildren(QSpinBox):
                number.setMinimumWidth(px(_NARROWEST))

    def _build_ui(self) -> None:
        page = QWidget()
        page.setObjectName("page")
        grid = QGridLayout()
        fill(
            grid,
            (
                ("Label", self.label),
                ("Labelled by", self.by),
                ("Refused by at least", self.families),
                ("Refusals that count", self.refusals),
                ("Number of prompts", self.prompts),
                ("Category quotas", self.quotas),
                ("If a quota is not met", self.short),
                ("Max per toxic seed", self.per_seed),
                ("Max near duplicates", self.per_group),
                ("Random seed", self.seed),
            ),
        )
        grid.setVerticalSpacing(4)
        grid.addWidget(self.unlabelled, grid.rowCount(), 0, 1, 2)
        self.families.setSuffix(tr(" families"))
        for field, tip in self._tips():
            field.setToolTip(tip)
        column_layout(page, grid, self.split, self._more, Stretch(), margins=(0, 0, 8, 0), spacing=8)
        area = scrolled(page)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column_layout(self, area)

    def _tips(self) -> Iterator[tuple[QWidget, str]]:
        yield self.label, tr("Which prompts qualify, by their final label")
        yield self.by, tr("Whose label counts. Any source: people, else moderators' consensus, else the source file")
        yield (
            self.families,
            tr("Minimum number of model families that refuse the prompt. A family: one developer's series of models"),
        )
        yield self.refusals, tr("Which refusals count: in words, by the vendor's stop reason, by a filter")
        yield self.prompts, tr("Size of the subset")
        yield self.quotas, tr("Equal: as many prompts from each category. Proportional: by how many prompts qualify")
        yield self.short, tr("What to do if a category has fewer prompts than its quota")
        yield self.per_seed, tr("Maximum number of prompts that were rewritten from the same toxic sentence")
        yield self.per_group, tr("Maximum number of prompts with nearly the same wording. Click Near duplicates first.")
        yield self.seed, tr("Chooses between prompts of the same rank. The same number selects the same prompts again.")
        yield self.unlabelled, tr("Prompts without any label qualify, too")
        yield (
            self.split,
            tr(
                "Only the refusals of a random half of the model families select prompts. Rates of the other half are "
                "not biased by the selection: compare these models."
            ),
        )


def _choice(titles: dict[str, str]) -> QComboBox:
    field = ComboBox()
    for value, title in titles.items():
        field.addItem(tr(title), str(value))
    field.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    field.setMinimumContentsLength(6)
    return field


def _number(zero: str, most: int = _MOST) -> QSpinBox:
    """A field for a limit; 0 means that there is none."""
    number = count_field(0, most, 0)
    number.setSpecialValueText(zero)
    number.setKeyboardTracking(False)
    number.setMinimumWidth(px(_NARROWEST))
    return number


def _notes(recipe: Recipe) -> str:
    """The families that select, and the settings of a recipe that only its text shows."""
    selecting = tr(
        "Selected by the refusals of {families}. Compare the other families: the selection does not bias them."
    )
    families = selecting.format(families=", ".join(recipe.of)) if recipe.families and recipe.of else ""
    others = {
        "p_safe": recipe.p_safe is not None,
        "filter": bool(recipe.terms),
        "judgement": recipe.judgement != Recipe("").judgement,
        "responses": recipe.responses != Recipe("").responses,
        "quotas": recipe.per_category is not None,
        "order": recipe.order != Recipe("").order,
    }
    names = ", ".join(name for name, is_set in others.items() if is_set)
    in_text = tr("Set in the text only: {names}").format(names=names) if names else ""
    return "\n".join(filter(None, (families, in_text)))
