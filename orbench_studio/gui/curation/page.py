"""The curate page: the recipe on the left, the funnel in the middle, what is taken on the right."""

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QInputDialog, QMessageBox, QScrollArea, QSplitter, QVBoxLayout, QWidget

from orbench_studio.domain.audit.refusal_rates import Tally
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.curation.recipe import Recipe
from orbench_studio.domain.curation.selection import Selection
from orbench_studio.domain.curation.subset import Listed
from orbench_studio.domain.review.queue import Field, Order, QueueFilter, QueueRow, Term
from orbench_studio.gui.common.actions import tr
from orbench_studio.gui.common.content_cover import row_shown
from orbench_studio.gui.common.theme import Theme, px
from orbench_studio.gui.curation import recipe_run
from orbench_studio.gui.curation.compare_dialog import CompareDialog
from orbench_studio.gui.curation.duplicates_dialog import DuplicatesDialog
from orbench_studio.gui.curation.funnel import FunnelPane
from orbench_studio.gui.curation.recipe_pane import RecipePane
from orbench_studio.gui.curation.subsets_pane import PreviewPane, SavedPane
from orbench_studio.gui.workspace.session import Session

_FIRST = "hard"  # the recipe to begin with
_MOST = 2_000  # prompts that a queue names one by one
_LEAST = (260, 300, 320)  # wide: recipe, funnel, prompts
_SHARES = (3, 4, 5)  # of what is wider
_LOOKED_AT = {Kind.PROMPTS, Kind.VOTES, Kind.RESPONSES, Kind.JUDGEMENTS, Kind.ANNOTATIONS, Kind.GROUPS, Kind.SUBSETS}


class CurationPage(QWidget):
    """Shows what the recipe makes of the workspace; never waits for it."""

    review_wanted = Signal(QueueFilter)
    export_wanted = Signal(str)  # a subset's name
    message = Signal(str)

    def __init__(self, session: Session, theme: Theme) -> None:
        super().__init__()
        self._session = session
        self.recipe = RecipePane(theme)
        self.funnel = FunnelPane(theme)
        self.preview = PreviewPane(theme)
        self.saved = SavedPane(theme)
        self.curating = recipe_run.RecipeOperations(session, self)
        self.result: Selection | None = None
        self._stale = True
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._theme = theme
        self._build_ui()
        self._connect()

    def refresh(self, changes: Changes) -> None:
        """Bring up to date what an operation touched."""
        if not changes.kinds & _LOOKED_AT:
            return
        self._stale = True
        if self.isVisible():
            self._bring_up_to_date()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._bring_up_to_date()

    def begin_with(self, name: str) -> None:
        """Put one of the recipes in the place of the one that is there; undo in its text takes it back."""

        def show(texts: dict[str, str]) -> None:
            self._offer(texts)
            self.recipe.show_text(texts[name])

        recipe_run.recipes(self._session, show)

    def _remember(self) -> None:
        """The recipe is there again on another day."""
        workspace = self._session.workspace
        if workspace is not None and not workspace.illustrative and self.recipe.text().strip():
            self._session.settings.recipes[str(workspace.place)] = self.recipe.text()

    def _bring_up_to_date(self) -> None:
        self._stale = False
        recipe_run.recipes(self._session, self._offer)
        recipe_run.subsets(self._session, self.saved.show_subsets)

    def _offer(self, texts: dict[str, str]) -> None:
        self.recipe.offer(texts)
        workspace = self._session.workspace
        if not self.recipe.text().strip() and workspace is not None:
            self.recipe.show_text(self._session.settings.recipes.get(str(workspace.place), texts[_FIRST]))
        else:
            self.recipe.read()

    def _apply(self, recipe: Recipe | None) -> None:
        self.curating.stop()
        if recipe is None:
            self._show(None)
        else:
            self.curating.apply(recipe)

    def _show(self, found: Selection | None) -> None:
        self.result = found
        self.funnel.show_result(found)
        self.preview.show_result(found)

    def _list(self, rows: Sequence[QueueRow]) -> None:
        shown = [row_shown(self._session.settings, row) for row in rows]
        self.preview.show_prompts(shown, len(self.result.chosen) if self.result else 0)

    def _rate(self, rates: Mapping[str, Tally]) -> None:
        self.funnel.show_rates(rates)

    def _fail(self, text: str) -> None:
        self.recipe.complain(text)
        self._show(None)

    def _save(self) -> None:
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(tr("Save the subset"))
        dialog.setLabelText(tr("Its name. The recipe is kept with it, and what the workspace is like now:"))
        dialog.textValueSelected.connect(self._named)
        dialog.open()

    def _named(self, name: str) -> None:
        recipe = self.recipe.recipe
        if recipe is None or not name.strip():
            return
        recipe_run.subsets(self._session, lambda found: self._save_as(name.strip(), recipe, found))

    def _save_as(self, name: str, recipe: Recipe, found: Sequence[Listed]) -> None:
        def save(*, replace: bool) -> None:
            recipe_run.save(
                self._session, name, recipe, lambda changes: self.message.emit(changes.message), replace=replace
            )

        if name in {one.name for one in found}:
            words = tr("There is a subset of that name. It goes, and this one takes its place.")
            self._ask(tr("Replace the subset"), words, lambda: save(replace=True))
        else:
            save(replace=False)

    def _remove(self, name: str) -> None:
        words = f"“{name}” {tr('goes, with its recipe. Its prompts stay as they are.')}"

        def remove() -> None:
            recipe_run.remove(self._session, name, lambda changes: self.message.emit(changes.message))

        self._ask(tr("Remove the subset"), words, remove)

    def _ask(self, title: str, words: str, then: Callable[[], object]) -> None:
        box = QMessageBox(QMessageBox.Icon.NoIcon, title, words, parent=self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setTextFormat(Qt.TextFormat.PlainText)
        yes = box.addButton(title, QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        yes.clicked.connect(lambda: then())
        box.open()

    def _compare(self, name: str) -> None:
        CompareDialog(self, self._session, self._theme, name).open()

    def show_duplicates(self) -> None:
        """Show the prompts that are nearly the same, in groups side by side."""
        dialog = DuplicatesDialog(self, self._session, self._theme)
        dialog.review_wanted.connect(self.review_wanted)
        dialog.message.connect(self.message)
        dialog.open()

    def _review(self, ids: Sequence[int], words: str) -> None:
        """Open prompts in review. The order tells of machines, as a recipe does."""
        if not ids:
            self.message.emit(f"{tr('No prompt')} {words}.")
            return
        if len(ids) > _MOST:
            self.message.emit(f"{tr('The first')} {_MOST:,} {tr('of')} {len(ids):,} {tr('prompts')} {words}.")
        wanted = Term(Field.ID, tuple(str(prompt_id) for prompt_id in sorted(ids[:_MOST])))
        self.review_wanted.emit(QueueFilter((wanted,), Order.REFUSED))

    def _forget(self) -> None:
        """The workspace is another, or none."""
        self.curating.stop()
        self.recipe.editor.clear()
        self._show(None)
        self.saved.show_subsets([])
        self._stale = True

    def _connect(self) -> None:
        self.recipe.changed.connect(self._apply)
        self.recipe.duplicates.clicked.connect(self.show_duplicates)
        self.recipe.editor.textChanged.connect(self._remember)
        self.curating.curated.connect(self._show)
        self.curating.listed.connect(self._list)
        self.curating.rated.connect(self._rate)
        self.curating.failed.connect(self._fail)
        self.funnel.prompts_wanted.connect(self._review)
        self.preview.save.clicked.connect(self._save)
        self.preview.review_wanted.connect(lambda: self._review(self.result.chosen if self.result else (), "is taken"))
        self.preview.prompt_wanted.connect(lambda prompt_id: self._review([prompt_id], ""))
        self.saved.export_wanted.connect(self.export_wanted)
        self.saved.compare_wanted.connect(self._compare)
        self.saved.remove_wanted.connect(self._remove)
        self.saved.review_wanted.connect(
            lambda name: self.review_wanted.emit(QueueFilter((Term(Field.SUBSET, (name,)),)))
        )
        self._session.leaving.connect(self._forget)
        self._theme.changed.connect(self._fit)

    def _build_ui(self) -> None:
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusProxy(self.recipe.editor)
        left = QSplitter(Qt.Orientation.Vertical)
        left.setChildrenCollapsible(False)
        for part in (self.recipe, self.saved):
            left.addWidget(part)
        left.setStretchFactor(0, 1)
        for pane in (self.recipe, self.saved, self.funnel, self.preview):
            pane.setContentsMargins(16, 16, 16, 16)
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(1)
        for place, third in enumerate((left, self.funnel, self.preview)):
            self._split.addWidget(third)
            self._split.setStretchFactor(place, _SHARES[place])
        scroll = QScrollArea()
        scroll.setWidget(self._split)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)
        self._fit()

    def _fit(self) -> None:
        for part, width in zip((self.recipe, self.funnel, self.preview), _LEAST, strict=True):
            part.setMinimumWidth(px(width))
