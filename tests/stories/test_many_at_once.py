"""Many people decide at once on one PostgreSQL workspace. That its server is stopped: `tests/benchmarks/crowd.py`."""

import csv
import threading
from collections import Counter

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.review.decision import Decision
from orbench_studio.errors import StaleDecisionError
from orbench_studio.services.data.import_files import ReadOptions, import_file
from orbench_studio.services.review import prompt_review
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace

REVIEWERS, EACH, PROMPTS = 20, 8, 60
LABELS = tuple(Label)


def filled(place, tmp_path):
    table = tmp_path / "prompts.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        rows = [(f"What does harmless word {n} mean?", "privacy") for n in range(PROMPTS)]
        csv.writer(file).writerows([("prompt", "category"), *rows])
    with create_workspace(place) as workspace:
        import_file(workspace, table, ReadOptions())
    return place


def together(work):
    """Every reviewer does it in a thread of its own, all from the same moment on; what each gives."""
    found, gate = {}, threading.Barrier(REVIEWERS)

    def one(number):
        gate.wait()
        found[number] = work(number)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(REVIEWERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found[number] for number in range(REVIEWERS)]


def said(number, turn):
    """Five reviewers are at the same prompt at a time, each with a label of their own."""
    return Decision(1 + (turn * 4 + number // 5) % PROMPTS, Aspect.LABEL, LABELS[(number + turn) % len(LABELS)])


def in_journal(place):
    """Who decided what, as often as it is there; and that every kept state follows from it."""
    with open_workspace(place) as workspace:
        with workspace.reading() as db:
            rows = db.exec_driver_sql(
                "SELECT w.name, a.prompt_id, a.value FROM journal j JOIN annotations a ON a.journal_id = j.id "
                "JOIN annotators w ON w.id = j.annotator_id WHERE j.kind = 'decision'"
            ).all()
        assert workspace.problems() == []
    return Counter(map(tuple, rows))


def test_nothing_is_lost_where_many_decide_and_undo_at_once(postgres, tmp_path):
    place = filled(postgres.new(), tmp_path)

    def work(number):
        acknowledged = []
        with open_workspace(place) as workspace:
            for turn in range(EACH):
                one, who = said(number, turn), f"reviewer {number}"
                prompt_review.decide(workspace, one, annotator=who)
                acknowledged.append((who, one.prompt_id, one.value))
                if turn % 4 == 3:
                    assert prompt_review.undo(workspace, annotator=who).prompt_ids == (one.prompt_id,)
        return acknowledged

    acknowledged = [one for own in together(work) for one in own]
    assert in_journal(place) == Counter(acknowledged)


def test_two_windows_of_one_person_wait_for_each_other(postgres, tmp_path):
    place = filled(postgres.new(), tmp_path)

    def work(number):
        with open_workspace(place) as workspace:
            for turn in range(3):
                prompt_review.decide(workspace, said(number, turn), annotator="me")
            return prompt_review.undo(workspace, annotator="me").prompt_ids

    undone = together(work)
    assert all(undone), "each window took back a decision of its own or of another"
    with open_workspace(place) as workspace, workspace.reading() as db:
        moments = "SELECT count(*), count(DISTINCT at), count(DISTINCT target_id) FROM journal WHERE annotator_id = 1"
        assert tuple(db.exec_driver_sql(moments).one()) == (REVIEWERS * 4, REVIEWERS * 4, REVIEWERS)


def test_of_two_who_saw_the_same_one_is_told(postgres, tmp_path):
    place = filled(postgres.new(), tmp_path)
    gate = threading.Barrier(REVIEWERS)

    def work(number):
        with open_workspace(place) as workspace:
            view = prompt_review.load(workspace, 1, f"reviewer {number}")
            gate.wait()
            try:
                prompt_review.decide(workspace, said(0, 0), annotator=f"reviewer {number}", seen=view.version)
            except StaleDecisionError:
                return 0
            return 1

    assert sum(together(work)) == 1
