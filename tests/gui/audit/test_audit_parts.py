"""The other tabs of the audit page: audit sample, agreement, moderators and suspected label errors."""

from itertools import combinations

import pytest
from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtTest import QTest

from orbench_studio.domain.audit.refusal_rates import FINAL
from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.gui.audit.model_pictures import place_names
from orbench_studio.services.audit import sampling
from orbench_studio.services.review import prompt_review
from orbench_studio.services.workspace.workspace import open_workspace

SAMPLE, AGREEMENT, MODERATORS = 3, 4, 5


def open_tab(studio, index):
    studio.key(Qt.Key.Key_5, Qt.KeyboardModifier.ControlModifier)
    page = studio.window.audit
    studio.wait(lambda: page.audit is not None)
    page.tabs.go(index)
    return page


def label(path, prompts, who="ada", value="safe"):
    with open_workspace(path) as other:
        for prompt_id in prompts:
            prompt_review.decide(other, Decision(prompt_id, Aspect.LABEL, value), annotator=who)


def in_review(studio, prompts):
    studio.wait(lambda: studio.window._pages.currentWidget() is studio.page)
    studio.wait(lambda: set(studio.page.model.ids()) == set(prompts))


def test_a_sample_is_drawn_estimated_and_extended(start, path):
    with start(path) as studio:
        pane = open_tab(studio, SAMPLE).sample
        studio.wait(lambda: pane.isVisible() and not pane.table.isVisible())
        QTest.keyClicks(pane.name, "autumn")
        pane.prompts.setValue(30)
        QTest.keyClick(pane.name, Qt.Key.Key_Return)
        studio.wait(lambda: pane.found is not None)
        assert (pane.found.sample.name, pane.found.sample.drawn) == ("autumn", 30)
        first = next(one for one in pane.found.cells if one.category is None)
        assert pane.table.rows.index(0, 4).data() == str(first.waiting) == "30"
        QTest.keyClick(pane.table, Qt.Key.Key_Down)
        pane.queue.click()
        studio.wait(lambda: studio.window._pages.currentWidget() is studio.page)
        with open_workspace(path) as other:
            drawn = sampling.all_samples(other)[0].drawn
        studio.wait(lambda: len(studio.page.model.ids()) == drawn)
        assert drawn >= 30


def test_a_sample_without_a_name_is_an_error(start, path):
    with start(path) as studio:
        pane = open_tab(studio, SAMPLE).sample
        pane.draw.click()
        studio.wait(lambda: "needs a name" in studio.message())


def test_machines_are_compared_with_human_labels(start, path):
    label(path, range(1, 31))
    label(path, range(1, 31), "ben")
    with start(path) as studio:
        pane = open_tab(studio, AGREEMENT).agreement
        studio.wait(lambda: pane.tables)
        moderators = pane.tables[0]
        assert {row[0] for row in moderators.rows if not row[0].startswith(" ")} >= {"north (moderator)"}
        assert moderators.rows[0][1] == "30"
        between = next(table for table in pane.tables if table.title.startswith("Agreement between annotators"))
        assert "30" in between.rows[0]


def test_agreement_without_human_labels_shows_what_to_do(start, path):
    with start(path) as studio:
        pane = open_tab(studio, AGREEMENT).agreement
        studio.wait(lambda: "There are no human labels yet" in pane.status.text())


def test_the_labels_most_likely_wrong_are_opened_in_review(start, path):
    label(path, range(1, 11))
    with start(path) as studio:
        page = open_tab(studio, MODERATORS)
        pane = page.moderators
        studio.wait(lambda: pane.suspects is not None)
        suspects = [one.prompt_id for one in pane.suspects.found]
        assert suspects
        assert not set(suspects) & set(range(1, 11))
        assert any(table.title == "Raters" for table in pane.tables)
        expected = pane.suspects.expected_wrong
        assert any("were flipped" in table.title for table in pane.tables) == (expected >= 1), "as the text above"
        assert (pane.review.isHidden(), pane.none_wrong.isHidden()) == (expected < 1, expected >= 1)
        pane.review.click()
        in_review(studio, suspects)
        page = open_tab(studio, MODERATORS)
        pane.list.choose(suspects[0])
        QTest.keyClick(pane.list, Qt.Key.Key_Return)
        in_review(studio, suspects[:1])


def test_opening_another_workspace_clears_the_results(start, path, tmp_path):
    label(path, range(1, 6))
    with start(path) as studio:
        page = open_tab(studio, AGREEMENT)
        studio.wait(lambda: page.agreement.tables)
        before = studio.application.session.workspace
        studio.window.open(path.parent / "mine.orbench")
        studio.wait(lambda: studio.application.session.workspace not in (None, before))
        studio.wait(lambda: not page.agreement.tables)
        assert page.cache._wanted == (FINAL, "")


@pytest.mark.parametrize(
    ("at", "least"),
    [
        ([(0.35, 0.780), (0.352, 0.781), (0.354, 0.779)], 3),  # nearly the same rates
        ([((n * 7 % 32) / 40 + 0.02, 1 - (n * 13 % 32) / 40) for n in range(32)], 28),
        ([(0.02 * n**0.5, 0.99) for n in range(32)], 7),  # all in a corner
    ],
)
def test_names_of_models_do_not_overlap_in_the_plot(at, least):
    bounds, size = QRectF(0, 0, 420, 430), QSizeF(76, 16)
    dots = [QRectF(QPointF(x * bounds.width(), (1 - y) * bounds.height()), QSizeF(8, 8)) for x, y in at]
    boxes = [box for box in place_names(dots, [size] * len(dots), bounds) if box is not None]
    assert len(boxes) >= least
    assert not any(one.intersects(other) for one, other in combinations(boxes, 2))
    assert not any(box.intersects(dot) for box in boxes for dot in dots)
    assert all(bounds.contains(box) for box in boxes)
