"""Curate page: recipe and saved subsets, funnel, selected prompts."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QSplitter, QWidget

from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.curation.recipe import Recipe
from orbench_studio.domain.curation.selection import Selection
from orbench_studio.domain.curation.subset import SubsetSummary
from orbench_studio.domain.review.queue import Field, Order, QueueFilter, QueueRow, Term
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.content_cover import row_shown
from orbench_studio.gui.common.dialogs import ask_text, confirm
from orbench_studio.gui.common.layouts import column_layout
from orbench_studio.gui.common.panels import Panel, Panels, remember_sizes
from orbench_studio.gui.common.theme import Theme
from orbench_studio.gui.common.widgets import keep_scroll_bar, scrolled
from orbench_studio.gui.curation import recipe_run
from orbench_studio.gui.curation.compare_dialog import CompareDialog
from orbench_studio.gui.curation.duplicates_dialog import DuplicatesDialog
from orbench_studio.gui.curation.funnel import FunnelPane
from orbench_studio.gui.curation.recipe_pane import RecipePane
from orbench_studio.gui.curation.subsets_pane import PreviewPane, SavedPane
from orbench_studio.gui.workspace.session import Session
from orbench_studio.services.workspace.workspace import Workspace

_DEFAULT = "safe"  # recipe
_MAX_LISTED = 2_000  # prompts that a filter lists one by one
_PANELS = (("Recipe", 364, 3), ("Funnel", 400, 5), ("Selected prompts", 380, 4))  # title, minimum width, share
_TALLEST = 10_000  # pixels
_DEPENDS_ON = {Kind.PROMPTS, Kind.VOTES, Kind.RESPONSES, Kind.JUDGEMENTS, Kind.ANNOTATIONS, Kind.GROUPS, Kind.SUBSETS}


class CurationPage(QWidget):
    """Applies the recipe while it is edited, without blocking the window."""

    review_wanted = Signal(QueueFilter)
    export_wanted = Signal(str)  # name of the subset
    message = Signal(str)

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self._session = session
        self.recipe = RecipePane(theme)
        self.funnel = FunnelPane(theme)
        self.preview = PreviewPane()
        self.saved = SavedPane()
        self.operations = recipe_run.RecipeOperations(session, self)
        self.result: Selection | None = None
        self._stale = True
        self._panels = self._make_panels()
        self._theme = theme
        self._build_ui()
        self._connect()

    def refresh(self, changes: Changes) -> None:
        """Apply the recipe again if an operation changed anything that it depends on."""
        if not changes.kinds & _DEPENDS_ON:
            return
        self._stale = True
        if self.isVisible():
            self._update()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._update()

    def begin_with(self, name: str) -> None:
        """Replace the recipe by a built-in one; undo in the editor reverts it."""

        def show(texts: dict[str, str]) -> None:
            self._offer(texts)
            self.recipe.show_text(texts[name])

        self._load_recipes(show)

    def _load_recipes(self, done: Callable[[dict[str, str]], object]) -> None:
        """Load the recipe texts by name: built-in recipes, then those of saved subsets."""

        def work(workspace: Workspace) -> dict[str, str]:
            from orbench_studio.services.curation import run_recipe, subsets

            saved = [subsets.saved_subset(workspace, one.name) for one in subsets.saved_subsets(workspace)]
            texts = {tr("Subset {name}").format(name=one.name): one.recipe for one in saved if one.recipe.strip()}
            return run_recipe.default_recipes() | texts

        self._session.run(work, done)

    def _remember(self) -> None:
        """Store the recipe in the settings, to restore it in the next session."""
        workspace = self._session.workspace
        if workspace is not None and not self._session.is_demo and self.recipe.text().strip():
            self._session.settings.recipes[str(workspace.place)] = self.recipe.text()

    def _update(self) -> None:
        self._stale = False
        self._load_recipes(self._offer)
        recipe_run.subsets(self._session, self.saved.show_subsets)

    def _offer(self, texts: dict[str, str]) -> None:
        self.recipe.offer(texts)
        workspace = self._session.workspace
        if not self.recipe.text().strip() and workspace is not None:
            self.recipe.show_text(self._session.settings.recipes.get(str(workspace.place), texts[_DEFAULT]))
        else:
            self.recipe.read()

    def _apply(self, recipe: Recipe | None) -> None:
        self.operations.stop()
        if recipe is None:
            self._show(None)
        else:
            self.operations.apply(recipe)

    def _show(self, found: Selection | None) -> None:
        self.result = found
        self.funnel.show_result(found, self.recipe.recipe)
        self.preview.show_result(found)

    def _split(self) -> None:
        """Replace the recipe by one that selects with half of the model families."""
        recipe = self.recipe.recipe
        if recipe is None:
            self.recipe.read()
            return

        def work(workspace: Workspace) -> Recipe:
            from orbench_studio.services.curation import run_recipe

            return run_recipe.split(workspace, recipe)

        def done(half: Recipe) -> None:
            if self.recipe.recipe == recipe:
                self.recipe.show_text(half.text)

        def failed(error: Exception) -> None:
            self.recipe.read()
            self.recipe.show_error(str(error))

        self._session.run(work, done, failed, show_errors=False)

    def _list(self, rows: Sequence[QueueRow]) -> None:
        shown = [row_shown(self._session.settings, row) for row in rows]
        self.preview.show_prompts(shown, len(self.result.chosen) if self.result else 0)

    def _change(self, changes: Sequence[tuple[str, str, bool | str | None]]) -> None:
        for section, key, value in changes:
            self.recipe.change(section, key, value)

    def _fail(self, text: str) -> None:
        self.recipe.show_error(text)
        self._show(None)

    def _save(self, *, then_export: bool) -> None:
        question = tr("Name (the recipe and the state of the workspace are saved with it):")
        verb = tr("Save and export…") if then_export else tr("Save")
        ask_text(self, tr("Save subset"), question, partial(self._named, then_export=then_export), verb=verb)

    def _named(self, name: str, *, then_export: bool) -> None:
        recipe = self.recipe.recipe
        if recipe is None or not name.strip():
            return
        recipe_run.subsets(
            self._session, lambda found: self._save_as(name.strip(), recipe, found, then_export=then_export)
        )

    def _save_as(self, name: str, recipe: Recipe, found: Sequence[SubsetSummary], *, then_export: bool) -> None:
        exists = name in {one.name for one in found}

        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.curation import subsets

            return subsets.save_subset(workspace, name, recipe, replace=exists)

        def saved() -> None:
            if then_export:
                self.export_wanted.emit(name)

        if exists:
            question = tr("Replace the existing subset “{name}”?").format(name=name)
            self._ask(tr("Replace subset?"), question, tr("Replace"), work, saved)
        else:
            self._run(work, saved)

    def _delete(self, name: str) -> None:
        def work(workspace: Workspace) -> Changes:
            from orbench_studio.services.curation import subsets

            return subsets.remove_subset(workspace, name)

        question = tr("Delete the subset “{name}” and its recipe? Its prompts are kept.").format(name=name)
        self._ask(tr("Delete subset?"), question, tr("Delete"), work)

    def _run(self, work: Callable[[Workspace], Changes], done: Callable[[], None] = lambda: None) -> None:
        def show(changes: Changes) -> None:
            self.message.emit(changes.message)
            done()

        self._session.run(work, show)

    def _ask(
        self,
        title: str,
        question: str,
        verb: str,
        work: Callable[[Workspace], Changes],
        done: Callable[[], None] = lambda: None,
    ) -> None:
        confirm(self, title, question, verb, partial(self._run, work, done))

    def _compare(self, name: str) -> None:
        CompareDialog(self, self._session, name).open()

    def show_duplicates(self) -> None:
        """Open the dialog of near duplicates."""
        dialog = DuplicatesDialog(self, self._session, self._theme)
        dialog.review_wanted.connect(self.review_wanted)
        dialog.message.connect(self.message)
        dialog.open()

    def _review(self, ids: Sequence[int], description: str) -> None:
        """Open prompts for review, the most refused first."""
        if not ids:
            self.message.emit(tr("{description}: no prompts.").format(description=description))
            return
        if len(ids) > _MAX_LISTED:
            message = tr("{description}: showing the first {shown} of {total} prompts.")
            counts = {"shown": f"{_MAX_LISTED:,}", "total": f"{len(ids):,}"}
            self.message.emit(message.format(description=description, **counts))
        wanted = Term(Field.ID, tuple(str(prompt_id) for prompt_id in sorted(ids[:_MAX_LISTED])))
        self.review_wanted.emit(QueueFilter((wanted,), Order.REFUSED))

    def _review_selected(self) -> None:
        self._review(self.result.chosen if self.result else (), tr("Selected prompts"))

    def _clear(self) -> None:
        """Clear the page when the workspace is closed or replaced."""
        self.operations.stop()
        self.recipe.editor.clear()
        self._show(None)
        self.saved.show_subsets([])
        self._stale = True

    def _connect(self) -> None:
        self.recipe.changed.connect(self._apply)
        self.recipe.form.split_wanted.connect(self._split)
        self.recipe.duplicates.clicked.connect(self.show_duplicates)
        self.recipe.editor.textChanged.connect(self._remember)
        self.operations.selected.connect(self._show)
        self.operations.listed.connect(self._list)
        self.operations.rated.connect(self.funnel.show_rates)
        self.operations.failed.connect(self._fail)
        self.funnel.prompts_wanted.connect(self._review)
        self.funnel.change_wanted.connect(self._change)
        self.preview.save.clicked.connect(lambda: self._save(then_export=False))
        self.preview.export.clicked.connect(lambda: self._save(then_export=True))
        self.preview.review_wanted.connect(self._review_selected)
        self.preview.prompt_wanted.connect(lambda prompt_id: self._review([prompt_id], ""))
        self.saved.export_wanted.connect(self.export_wanted)
        self.saved.compare_wanted.connect(self._compare)
        self.saved.delete_wanted.connect(self._delete)
        self.saved.review_wanted.connect(
            lambda name: self.review_wanted.emit(QueueFilter((Term(Field.SUBSET, (name,)),)))
        )
        self._session.leaving.connect(self._clear)
        self._theme.changed.connect(self._panels.fit)

    def _build_ui(self) -> None:
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusProxy(self.recipe.form.label)
        for pane in (self.recipe, self.saved, self.funnel, self.preview):
            pane.setContentsMargins(16, 16, 16, 16)
        column_layout(self, self._panels)

    def _make_panels(self) -> Panels:
        results = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        for part in (self.preview, self.saved):
            results.addWidget(part)
        results.setStretchFactor(0, 1)
        results.setSizes([_TALLEST, 0])  # the prompts get what the subsets do not need
        remember_sizes(results, "curate results", self._session.settings)
        funnel = scrolled(self.funnel)
        keep_scroll_bar(funnel)
        widgets = (self.recipe, funnel, scrolled(results))
        panels = [
            Panel(tr(title), widget, width, share)
            for (title, width, share), widget in zip(_PANELS, widgets, strict=True)
        ]
        return Panels("curate panels", self._session.settings, panels, keeps_first=True)
