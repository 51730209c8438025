"""Team page: queues are made, joined, changed, paused and ended; the activity of annotators."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.team.queue import Member, QueueState, TeamQueue
from orbench_studio.gui.common.live_table import Table
from orbench_studio.gui.common.palette import Palette
from orbench_studio.gui.team.gold_dialog import GoldDialog
from orbench_studio.gui.team.queue_dialog import QueueDialog
from orbench_studio.gui.team.removal_dialog import RemovalDialog
from orbench_studio.services.review import prompt_review
from orbench_studio.services.team import assignments, team_queues
from orbench_studio.services.workspace.workspace import open_workspace


@pytest.fixture
def other(path):
    """The same file, opened a second time."""
    with open_workspace(path) as workspace:
        yield workspace


@pytest.fixture
def team(start, path):
    """The visible page, with a known reviewer name."""
    with start(path) as studio:
        studio.window.top_bar.reviewer._named("Ada")
        studio.settle()
        studio.key(Qt.Key.Key_9, Qt.KeyboardModifier.ControlModifier)
        page = studio.window.team
        studio.wait(lambda: page.isVisible())
        yield studio, page


def dialog_of(page):
    return page.findChildren(QueueDialog)[-1]


def visible_text(page):
    """All visible texts of the page."""
    return "\n".join(part.text() for part in page.findChildren(QLabel) if part.isVisible())


def test_a_queue_is_made_joined_paused_and_ended(team, other):
    studio, page = team
    studio.wait(page.empty.isVisible)
    QTest.keyClick(page.empty.findChild(QPushButton), Qt.Key.Key_Space)
    dialog = dialog_of(page)
    dialog.name.setText("audit")
    dialog.query.line.setText("id:1-9")
    dialog.people.setPlainText("Ada\n")
    dialog.accept()
    assert "The overlap is 2, but the number of annotators is 1" in dialog.error.text()
    assert dialog.summary.text() == ""
    dialog.people.setPlainText("Ada\nBob")
    assert dialog.summary.text().startswith(
        "2 annotators label each of the prompts that match “id:1-9”. Annotators: Ada"
    )
    dialog.query.line.setText("id:1000")
    dialog.accept()
    studio.wait(lambda: "No prompts match the filter" in dialog.error.text())
    dialog.query.line.setText("id:1-9")
    dialog.accept()
    studio.wait(lambda: len(page.statuses) == 1 and page.cards[0].isVisible())
    page.cards[0].gold.click()
    gold = page.findChild(GoldDialog)
    gold.accept()
    studio.wait(lambda: "Gold prompts need a label" in gold.error.text())
    gold.close()
    assert "Complete prompts: 0 of 9" in visible_text(page)
    page.cards[0].join.click()
    studio.wait(lambda: studio.page.isVisible() and studio.page.model.rowCount() == 6)
    studio.window.show_page("page_team")
    page.cards[0].pause.click()
    studio.wait(lambda: page.cards[0].open.isVisible() and not page.cards[0].join.isVisible())
    page.cards[0].end.click()
    studio.wait(lambda: not page.cards[0].end.isVisible())
    assert team_queues.queues(other)[0].queue.state is QueueState.ENDED
    page.cards[0].open.click()
    studio.wait(page.cards[0].join.isVisible)


def test_the_palette_joins_leaves_and_pauses_a_queue(team, other):
    studio, _page = team
    team_queues.make(other, TeamQueue("hard", "id:1-9"))

    def run(text, best):
        studio.window.activateWindow()
        studio.wait(studio.window.isActiveWindow)
        studio.key(Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
        [shown] = studio.window.findChildren(Palette)
        QTest.keyClicks(shown.line, text)
        studio.wait(lambda: shown.list.item(0).text() == best)
        QTest.keyClick(shown.line, Qt.Key.Key_Return)
        studio.wait(lambda: not studio.window.findChildren(Palette))

    run("join", "Join queue “hard”")
    studio.wait(lambda: studio.page.isVisible() and studio.page.model.rowCount() == 6)
    run("leave", "Leave queue “hard”")
    studio.wait(lambda: studio.page.model.rowCount() == 70)
    run("pause queue", "Pause queue “hard”")
    studio.wait(lambda: team_queues.queues(other)[0].queue.state is QueueState.PAUSED)


def test_a_queue_is_changed_and_keeps_its_prompts(team, other):
    studio, page = team
    team_queues.make(other, TeamQueue("hard", "id:1-9", members=(Member("Bob", 2), Member("Eve", 1.5))))
    page.load()
    studio.wait(lambda: page.cards and page.cards[0].isVisible())
    assert not page.cards[0].join.isVisible()  # Ada is not an annotator of it
    page.cards[0].change.click()
    dialog = dialog_of(page)
    assert dialog.people.toPlainText() == "Bob = 2\nEve = 1.5"
    dialog.people.setPlainText("Ada = privacy, hate\nBob")
    dialog.name.setText("harder")
    dialog.query.line.setText("id:5-12")
    dialog.accept()
    studio.wait(lambda: page.statuses and page.statuses[0].queue.name == "harder")
    assert page.statuses[0].progress.prompts == 12
    assert page.cards[0].join.isVisible()
    page.remove.click()
    removal = page.findChild(RemovalDialog)
    removal.annotator.setCurrentText("Bob")
    studio.wait(removal.remove.isEnabled)
    assert "They leave these team queues: harder." in removal.status.text()
    removal.remove.click()
    studio.wait(lambda: [member.annotator for member in page.statuses[0].queue.members] == ["Ada"])


def test_activity_and_disagreements_are_shown(team, other):
    studio, page = team
    team_queues.make(other, TeamQueue("hard", "id:1-3", overlap=2))
    for who, values in (("Ada", ("safe", "toxic", "safe")), ("Bob", ("safe", "toxic", "toxic"))):
        assignments.claim(other, "hard", annotator=who)
        for prompt_id, value in enumerate(values, 1):
            prompt_review.decide(other, Decision(prompt_id, Aspect.LABEL, value), annotator=who)
    page.load()
    studio.wait(lambda: "Disagreements: 1, adjudicated: 0" in visible_text(page))
    work, rows, matrix = (table.rows for table in page.findChildren(Table))
    assert [matrix.index(0, column).data() for column in range(3)] == ["Ada", "—", "67 % (n = 3)"]
    assert "67 % (21–94)" in rows.text(range(rows.rowCount()), range(rows.columnCount()))
    tips = [column.tip for column in work.columns if column.title == "Labels per hour"]
    assert tips == [
        "Counts only labels made less than five minutes after the previous label; — with fewer than 20 labels"
    ]
    page.cards[0].disputes.click()
    studio.wait(lambda: studio.window.disputes.isVisible() and len(studio.window.disputes.disputes) == 1)
