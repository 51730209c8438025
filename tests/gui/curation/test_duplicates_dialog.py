"""Dialogs of near duplicates and of the nearest toxic prompts."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.gui.common.text_pane import TextPane
from orbench_studio.gui.curation.duplicates_dialog import DuplicatesDialog
from orbench_studio.gui.curation.nearest_dialog import NearestDialog
from orbench_studio.gui.review.bulk_dialog import BulkDialog
from orbench_studio.services.curation import near_duplicates
from orbench_studio.services.review import bulk_labels, search
from orbench_studio.services.workspace.workspace import open_workspace
from tests.gui.conftest import prompt_text


@pytest.fixture
def dialog(start, path):
    """The dialog on a workspace without a search."""
    with start(path) as studio:
        studio.window.show_page("page_curate")
        page = studio.window.curate
        studio.wait(lambda: page.result)
        QTest.mouseClick(page.recipe.duplicates, Qt.MouseButton.LeftButton)
        dialog = page.findChild(DuplicatesDialog)
        studio.wait(lambda: "Not searched yet" in dialog.status.text())
        dialog.studio = studio
        yield dialog


def find(dialog, threshold=0.9):
    dialog.threshold.setValue(threshold)
    QTest.mouseClick(dialog.search, Qt.MouseButton.LeftButton)
    dialog.studio.wait(lambda: "minimum similarity" in dialog.status.text() and dialog.search.isEnabled())
    dialog.studio.wait(lambda: texts(dialog))


def texts(dialog):
    page = dialog.members.widget()
    return [pane.toPlainText() for pane in page.findChildren(TextPane)] if page else []


def test_groups_are_found_and_shown_side_by_side(dialog, path):
    find(dialog)
    with open_workspace(path) as other:
        groups = near_duplicates.groups(other)
        first = [one.text for one in near_duplicates.members(other, groups[0][0])]
    assert dialog.groups.rows.keys == [group_id for group_id, _ in groups]
    assert texts(dialog) == first[:40]
    assert "near duplicates" in dialog.studio.message()


def test_a_group_is_labelled_with_one_decision_and_one_undo(dialog, labels):
    find(dialog)
    studio, ids = dialog.studio, list(dialog._ids)
    QTest.keyClick(dialog, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    bulk = dialog.findChild(BulkDialog)
    dialog.studio.wait(lambda: bulk._preview is not None)
    QTest.keyClick(bulk, Qt.Key.Key_T)
    QTest.keyClick(bulk, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    studio.wait(lambda: "→ toxic" in studio.message() and not dialog.findChildren(BulkDialog))
    assert labels() == dict.fromkeys(ids, "toxic")
    dialog.close()
    studio.window.show_page("page_review")
    studio.settle()
    studio.window.actions_table["undo"].trigger()
    studio.wait(lambda: labels() == {})


def test_a_group_opens_for_review(dialog):
    find(dialog)
    ids = sorted(dialog._ids)
    QTest.mouseClick(dialog.review, Qt.MouseButton.LeftButton)
    dialog.studio.wait(lambda: sorted(dialog.studio.page.model.ids()) == ids)


def test_covered_texts_stay_covered(dialog):
    dialog._session.settings.shielded = ["privacy", "illegal", "violence", "deception", "harmful"]
    find(dialog)
    assert {text.split()[0] for text in texts(dialog)} == {"░░░"}


def test_the_nearest_toxic_prompt_is_shown_beside_a_prompt(start, path):
    with open_workspace(path) as other:
        bulk_labels.decide_all(other, [12], Aspect.LABEL, Label.TOXIC, annotator="anna")
    with start(path) as studio:
        studio.key(Qt.Key.Key_O)
        dialog = studio.page.findChild(NearestDialog)
        studio.wait(lambda: dialog.found)
        assert [near.prompt_id for near in dialog.found if near.text == prompt_text(11)] == [12]
        assert studio.page.view.prompt.text in [pane.toPlainText() for pane in dialog.findChildren(TextPane)]


def test_the_nearest_toxic_prompt_stays_covered_if_its_category_is(start, path):
    with open_workspace(path) as other:
        bulk_labels.decide_all(other, [12], Aspect.LABEL, Label.TOXIC, annotator="anna")
        category = str(search.queue_rows(other, [12])[0].category)
    with start(path) as studio:
        studio.application.session.settings.shielded = [category]
        studio.page.queue.go(next(n for n in range(10) if studio.page.model.id_at(n) != 12))
        studio.settle()
        if studio.page.reading.shield.covers:
            studio.key(Qt.Key.Key_X)
        studio.key(Qt.Key.Key_O)
        dialog = studio.page.findChild(NearestDialog)
        studio.wait(lambda: 12 in [near.prompt_id for near in dialog.found])
        shown = [pane.toPlainText() for pane in dialog.findChildren(TextPane)]
        assert prompt_text(11) not in shown
        assert any("covered" in text for text in shown)
