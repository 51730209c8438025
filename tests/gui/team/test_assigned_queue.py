"""Two annotators with a window each work on one team queue."""

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.query import parse
from orbench_studio.domain.team.queue import QueueState, TeamQueue, assignments_filter
from orbench_studio.gui.team.assign_dialog import AssignDialog
from orbench_studio.gui.team.check_dialog import CheckDialog
from orbench_studio.services.review import prompt_review
from orbench_studio.services.team import approval, assignments, team_queues
from orbench_studio.services.workspace.workspace import open_workspace


@pytest.fixture
def other(path):
    """The same file, opened a second time."""
    with open_workspace(path) as workspace:
        yield workspace


def join(studio, annotator, name="hard"):
    studio.window.top_bar.reviewer._named(annotator)
    studio.window._review(assignments_filter(name, annotator))
    studio.wait(
        lambda: studio.page.finder.current == assignments_filter(name, annotator) and studio.page.model.rowCount() < 70
    )
    studio.settle()


def ids(studio):
    return [studio.page.model.id_at(place) for place in range(studio.page.model.rowCount())]


def assigned(other, annotator, name="hard"):
    return [one.prompt_id for one in assignments.assigned(other, name, annotator=annotator) if not one.done]


def press_repeatedly(studio, key, count):
    for _ in range(count):
        studio.settle()
        before = studio.shown()
        studio.key(key)
        studio.wait(lambda before=before: studio.page.view is not None and studio.shown() != before)


def test_two_windows_get_different_prompts(start, path, other):
    team_queues.make(other, TeamQueue("hard", "id:1-20"))
    with start(path) as ada, start(path) as bob:
        join(ada, "Ada")
        join(bob, "Bob")
        progress = []
        ada.page.model.progressed.connect(lambda: progress.append((ada.page.model.decided, ada.page.model.prompts)))
        assert (ids(ada), ids(bob)) == ([1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12])
        ada.window.activateWindow()
        ada.wait(ada.window.isActiveWindow)
        press_repeatedly(ada, Qt.Key.Key_S, 3)
        # More come when few are left, or when the list is loaded again because Bob's window has written.
        ada.wait(lambda: ids(ada) == [1, 2, 3, *assigned(other, "Ada")] and 13 in ids(ada))
        assert [of for of, _ in progress] == sorted(of for of, _ in progress)
        bar = ada.page.finder.bar
        ada.wait(lambda: bar.progress.text.text() == f"Queue hard: 3 of your {len(ids(ada))} prompts labelled")
        assert not set(assigned(other, "Ada")) & set(assigned(other, "Bob"))
        assert 3 not in assigned(other, "Ada")
        ada.settle()
        ada.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        ada.wait(lambda: 3 in assigned(other, "Ada"))
    assert assigned(other, "Ada") == assigned(other, "Bob") == []  # returned when the windows closed


def test_labels_stay_hidden_from_the_other_annotator_until_both_have_labelled(start, path, other):
    team_queues.make(other, TeamQueue("hard", "id:1-3", overlap=2))
    for prompt_id in (1, 2):
        assignments.claim(other, "hard", annotator="Bob")
        prompt_review.decide(other, Decision(prompt_id, Aspect.LABEL, "toxic"), annotator="Bob")
    with start(path) as ada:
        join(ada, "Ada")
        assert ids(ada) == [1, 2, 3]
        assert ada.page.view.is_unlabelled
        ada.key(Qt.Key.Key_S)
        ada.wait(lambda: ada.shown() == 2 and ada.page.state.value == "shown")
        ada.window.show_page("page_disputes")
        ada.wait(lambda: [dispute.prompt_id for dispute in ada.window.disputes.disputes] == [1])
        assert ada.page.model.data(ada.page.model.index(1)).endswith("undecided")


def test_a_selection_is_assigned_by_name_and_comes_first(start, path, other):
    team_queues.make(other, TeamQueue("hard", "id:1-9"))
    with start(path) as ada:
        join(ada, "Ada")
        ada.window.actions_table["clear_filter"].trigger()
        ada.wait(lambda: ada.page.model.rowCount() == 70)
        ada.page.queue.go(29)
        ada.wait(lambda: ada.shown() == 30)
        ada.window.actions_table["assign"].trigger()
        dialog = ada.window.findChild(AssignDialog)
        ada.wait(lambda: dialog.queue.currentText() == "hard")
        assert [dialog.prompts.itemText(at) for at in range(2)] == [
            "Prompt #30",
            "All prompts in the current filter: 70",
        ]
        dialog.annotator.setCurrentText("Ada")
        clicks = []
        dialog.assign.clicked.connect(lambda: clicks.append(1))
        QTest.keyClick(dialog.annotator, Qt.Key.Key_Return)
        assert len(clicks) == 1
        ada.wait(lambda: "1 prompt assigned to Ada" in ada.message())
        join(ada, "Ada")
        assert ids(ada)[:3] == [30, 7, 8]  # where Ada left the queue
        assert ada.shown() == 30
        ada.window.activateWindow()
        ada.wait(ada.window.isActiveWindow)
        ada.page.queue.go(1)
        ada.wait(lambda: ada.shown() == 7)
        ada.press(Qt.Key.Key_S)
        ada.wait(lambda: ada.shown() == 8)
        ada.window._review(assignments_filter("hard", "Ada"))
        ada.wait(lambda: ada.shown() == 30)
        ada.key(Qt.Key.Key_S)
        ada.wait(lambda: ada.shown() == 8)  # 7 is labelled


def test_a_prompt_sent_back_comes_first_with_the_reason(start, path, other):
    team_queues.make(other, TeamQueue("hard", "id:1-9"))
    assignments.claim(other, "hard", annotator="Ada")
    for prompt_id in (1, 2):
        prompt_review.decide(other, Decision(prompt_id, Aspect.LABEL, "toxic"), annotator="Ada")
    prompt_review.decide(other, Decision(40, Aspect.LABEL, "safe"), annotator="Bob")
    approval.send_back(other, [2], "<b>Read</b> section 3.", of="Ada", annotator="Bob")
    with start(path) as ada:
        join(ada, "Ada")
        assert (ids(ada)[:3], ada.shown()) == ([2, 1, 3], 2)
        assert "Sent back by Bob: <b>Read</b> section 3." in ada.page.prompt.returned.text()
        ada.window.show_page("page_team")
        ada.wait(lambda: ada.window.team.returned.text() == "Sent back to you: 1")
        ada.window.team.returned.click()
        ada.wait(lambda: ids(ada) == [2])
        ada.window._review(parse("by:Bob"))
        ada.wait(lambda: ids(ada) == [40] and ada.shown() == 40)
        ada.window.actions_table["check"].trigger()
        dialog = ada.window.findChild(CheckDialog)
        ada.wait(lambda: dialog.annotator.currentText() == "Bob")
        dialog.send_back.click()
        ada.wait(lambda: "Give a reason" in dialog.status.text())
        dialog.approve.click()
        ada.wait(lambda: "#40: decisions of Bob approved" in ada.message())


def test_skipping_and_leaving_return_assignments(start, path, other):
    team_queues.make(other, TeamQueue("hard", "id:1-9"))
    with start(path) as ada:
        join(ada, "Ada")
        press_repeatedly(ada, Qt.Key.Key_H, 3)  # then few are left, and more are requested
        ada.wait(lambda: assigned(other, "Ada") == [4, 5, 6, 7, 8, 9])
        assignments.claim(other, "hard", annotator="Bob")
        assert assigned(other, "Bob") == [1, 2, 3]
        ada.window.actions_table["clear_filter"].trigger()  # which leaves the queue
        ada.wait(lambda: assigned(other, "Ada") == [])
        team_queues.set_state(other, "hard", QueueState.PAUSED)
        ada.window._review(assignments_filter("hard", "Ada"))
        ada.wait(
            lambda: ada.page.finder.current == assignments_filter("hard", "Ada") and ada.page.model.rowCount() == 3
        )
        assert assignments.assigned(other, "hard", annotator="Ada")[0].done  # what was skipped


def test_the_window_renews_assignments_and_finds_returned_prompts(start, path, other):
    team_queues.make(other, TeamQueue("hard", "id:1-3", lease=1))
    longer = datetime.now(UTC) + timedelta(hours=1)
    assignments.claim(other, "hard", annotator="Bob", now=longer)
    with start(path) as ada:
        ada.window.top_bar.reviewer._named("Ada")
        ada.window._review(assignments_filter("hard", "Ada"))
        ada.wait(
            lambda: ada.page.finder.current == assignments_filter("hard", "Ada") and ada.page.model.rowCount() == 0
        )
        assignments.give_back(other, "hard", annotator="Bob")
        ada.window.assigned_queue.beat()
        ada.wait(lambda: ids(ada) == [1, 2, 3])
        with other.deciding() as db:
            db.exec_driver_sql("UPDATE team_claims SET until = '2026-01-01 00:00:00'")
        ada.window.assigned_queue.beat()
        ada.wait(lambda: not claimable(other))


def claimable(other):
    """Whether another annotator can get the prompts that are assigned to a window."""
    return assignments.claim(other, "hard", annotator="Eve", now=datetime.now(UTC)) > 0


def test_training_prompts_come_first_with_feedback(start, path, other, write_csv, tmp_path):
    from orbench_studio.formats.mapping import ColumnMapping, Field
    from orbench_studio.services.data.import_files import ReadOptions, import_file

    known = write_csv(tmp_path / "known.csv", ("prompt", "label"), [("How do I kill a process?", "safe")])
    mapping = ColumnMapping({Field.PROMPT: "prompt", Field.LABEL: "label"})
    import_file(other, known, ReadOptions(mapping=mapping))
    team_queues.make(other, TeamQueue("hard", "id:1-3", training="source:known.csv"))
    with start(path) as ada:
        join(ada, "Ada")
        assert ids(ada) == [71, 1, 2, 3]
        assert ada.page.view.prompt.reference_label is None
        ada.key(Qt.Key.Key_T)
        ada.wait(lambda: "the known label is safe" in ada.message())
        assert team_queues.queues(other)[0].progress.labels == 0
