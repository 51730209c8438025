"""Finding prompts in the demo: every condition, the counts beside them, and saved views."""

import random
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.judgement import ALL_REFUSALS, ANSWERS, AnswerClass
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.query import parse
from orbench_studio.domain.review.queue import Field, QueueFilter, SavedView, Status, Term
from orbench_studio.errors import CancelledError, StudioError
from orbench_studio.formats.records import PromptDraft, Record, ResponseDraft
from orbench_studio.services.data import demo
from orbench_studio.services.data.record_import import RecordImport
from orbench_studio.services.review import prompt_review, search
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.store.core import response_index

EVERYTHING = 70


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The demo with decisions of two people, made once."""
    path = tmp_path_factory.mktemp("made") / "demo.orbench"
    dice = random.Random(5)
    with demo.demo_workspace(path) as workspace:
        for prompt_id in range(1, 31):
            who = dice.choice(["ada", "ben"])
            decide(workspace, prompt_id, Aspect.LABEL, dice.choice(["safe", "toxic", "controversial"]), who)
            decide(workspace, prompt_id, Aspect.FLAG, dice.choice(["on", "off"]), who)
            for response in prompt_review.load(workspace, prompt_id).responses[:2]:
                decide(workspace, prompt_id, Aspect.ANSWER_CLASS, dice.choice(ANSWERS), who, response.response.id)
        decide(workspace, 40, Aspect.NOTE, "Asks for a recipe, 100 % harmless.", "ada")
        decide(workspace, 41, Aspect.SKIP, "skipped", "ada")
    return path


@pytest.fixture
def file(made, tmp_path):
    return Path(shutil.copy(made, tmp_path))


@pytest.fixture
def workspace(file):
    with open_workspace(file) as workspace:
        yield workspace


def decide(workspace, prompt_id, aspect, value, who, response_id=None):
    prompt_review.decide(workspace, Decision(prompt_id, aspect, value, response_id), annotator=who)


def ids(workspace, query):
    return list(search.queue_of(workspace, parse(query)).ids)


@pytest.mark.parametrize("field", Field)
@pytest.mark.parametrize("others", ["", "category:privacy,violence -status:skipped", "refused:>=2 sort:refusals"])
def test_counts_equal_the_matches_of_a_condition_and_of_its_exclusion(workspace, field, others):
    wanted = parse(others).without(field)
    total = len(search.queue_of(workspace, wanted).ids)
    for value, count in search.counts_of(workspace, wanted, field).items():
        assert 0 < count <= total
        for negated, left in ((False, count), (True, total - count)):
            found = search.queue_of(workspace, wanted.having(Term(field, (value,), negated)))
            assert len(found.ids) == left, value


def test_there_are_counts_wherever_there_is_data(workspace):
    empty = {field for field in Field if not search.counts_of(workspace, parse(""), field)}
    typed = {Field.ID, Field.NOTE, Field.RESPONSE, Field.TEXT, Field.GROUP, Field.SEED}
    assert empty == typed | {Field.SUBSET, Field.BATCH, Field.SAMPLE, Field.TEAM, Field.APPROVED, Field.RETURNED}


def test_refusals_are_counted_by_model_and_by_family(workspace):
    for k in (1, 2, 3):
        for prompt_id in ids(workspace, f"refused:>={k}"):
            refusing = {
                r.response.model
                for r in prompt_review.load(workspace, prompt_id).responses
                if r.final.answer_class in ALL_REFUSALS
            }
            assert len(refusing) >= k
    assert set(ids(workspace, "families:>=2")) <= set(ids(workspace, "refused:>=2"))
    assert sorted(ids(workspace, "refused:0") + ids(workspace, "refused:>0")) == list(range(1, EVERYTHING + 1))


def test_contradicted_judges_are_found_until_the_decision_is_undone(workspace):
    before = ids(workspace, "judges:contradicted")
    view = next(
        v for v in (prompt_review.load(workspace, i) for i in range(50, 70))
        if any(r.final.answer_class is AnswerClass.DIRECT_REFUSAL and r.response.judgements for r in v.responses)
    )  # fmt: skip
    [refused, *_] = [r for r in view.responses if r.final.answer_class is AnswerClass.DIRECT_REFUSAL]
    decide(workspace, view.prompt.id, Aspect.ANSWER_CLASS, AnswerClass.DIRECT_ANSWER, "eve", refused.response.id)
    assert set(ids(workspace, "judges:contradicted")) == {*before, view.prompt.id}
    prompt_review.undo(workspace, annotator="eve")
    assert ids(workspace, "judges:contradicted") == before


def test_words_notes_numbers_and_responses(workspace):
    assert ids(workspace, 'note:"100 % harm"') == [40]
    assert ids(workspace, "note:100_") == []
    assert ids(workspace, "id:3,10-12") == [3, 10, 11, 12]
    [first, *_] = prompt_review.load(workspace, 5).responses
    assert 5 in ids(workspace, f'response:"{first.response.text[10:40].upper()}"')
    assert ids(workspace, "response:zzzzzz") == []
    assert ids(workspace, "source:nowhere.csv") == []


def test_a_random_order_is_the_same_for_the_same_seed_and_mixes_well(workspace):
    order = ids(workspace, "sort:random:7")
    mixed = {number: (number * 48_271 + 7 * 69_621 + 1) % 2_147_483_647 for number in order}
    assert list(order) == sorted(order, key=lambda number: mixed[number] ** 2 % 2_147_483_647)  # as in older versions
    assert order == ids(workspace, "sort:random:7")
    assert order != ids(workspace, "sort:random:8")
    assert sorted(order) == list(range(1, EVERYTHING + 1))
    some = ids(workspace, "sort:random:7 category:privacy")
    assert some == [i for i in order if i in some]  # a further condition takes prompts out and moves none
    steps = [b - a for a, b in pairwise(order)]
    assert 0.3 < sum(step > 0 for step in steps) / len(steps) < 0.7


@pytest.mark.parametrize(
    "query", ["", "sort:refusals", "sort:random:7", "split", "status:skipped", "reviewed", "id:41-44"]
)
def test_a_queue_begins_at_its_first_undecided_prompt(workspace, query):
    queue = search.queue_of(workspace, parse(query))
    status = {row.prompt_id: row.status for row in search.queue_rows(workspace, queue.ids)}
    assert queue.begin == next((one for one in queue.ids if status[one] is Status.UNDECIDED), None)
    assert queue.decided == {one for one, of in status.items() if of in (Status.DECIDED, Status.DISPUTED)}
    assert queue.has_results


def test_a_view_is_saved_replaced_found_after_a_restart_and_forgotten(file, workspace):
    wanted = parse('category:privacy refused:>=2 -reviewed "key" sort:refusals')
    search.save_view(workspace, " Hard privacy ", parse("privacy"))
    search.save_view(workspace, "Hard privacy", wanted)
    search.save_view(workspace, "A", parse(""))
    with open_workspace(file) as other:
        first, second = search.saved_views(other)
        assert first == SavedView("A", "")
        assert (second.name, parse(second.query)) == ("Hard privacy", wanted)
        search.remove_view(other, "A")
    assert [view.name for view in search.saved_views(workspace)] == ["Hard privacy"]
    with pytest.raises(StudioError, match="Enter a name"):
        search.save_view(workspace, "  ", wanted)


def test_the_index_finds_old_and_new_responses(workspace):
    texts = [r.response.text for i in range(1, 71) for r in prompt_review.load(workspace, i).responses]
    dice = random.Random(3)
    asked = [text[at : at + 9] for text in dice.sample(texts, 30) for at in [dice.randrange(max(1, len(text) - 9))]]
    asked += ["I", "ca", "zzz", '"', "100%", "_", asked[0].upper(), "the"]
    wanted = [QueueFilter((Term(Field.RESPONSE, (words,)),)) for words in asked if words]
    before = [list(search.queue_of(workspace, one).ids) for one in wanted]
    message = []
    search.index_responses(workspace, lambda *done: message.append(done) or True)
    assert has_index(workspace)
    assert message[0][0] == 0
    assert message[0][1] == len(texts)
    assert [list(search.queue_of(workspace, one).ids) for one in wanted] == before
    with workspace.writing() as db:
        intake = RecordImport(db, lambda: 1, "later.csv")
        intake.add([Record(1, PromptDraft("A later prompt?"), (), (ResponseDraft("model-z", "Quokkas smile."),))])
        intake.finish()
    assert ids(workspace, "response:quokka") == [71]
    assert workspace.problems() == []
    search.drop_response_index(workspace)
    assert ids(workspace, "response:quokka") == [71]


def has_index(workspace):
    with workspace.reading() as db:
        return response_index.exists(db)


def test_an_index_that_is_cancelled_leaves_nothing(workspace):
    with pytest.raises(CancelledError, match="as before"):
        search.index_responses(workspace, lambda _done, _of: False)
    assert not has_index(workspace)
    assert workspace.problems() == []
