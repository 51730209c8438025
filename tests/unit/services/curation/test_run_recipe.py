"""Curating in a workspace: whose refusals count, what the recipe needs, saved subsets and what they differ in."""

import pytest

from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.curation.recipe import read_recipe
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.query import parse
from orbench_studio.errors import StudioError
from orbench_studio.services.audit import audit_counts, rater_reliability
from orbench_studio.services.curation import near_duplicates, run_recipe, subsets
from orbench_studio.services.judging import run_judges
from orbench_studio.services.review import bulk_labels, prompt_review, search
from orbench_studio.services.workspace.workspace import open_workspace
from tests.unit.services.judging.judged_workspace import create

PROMPTS = 60
SAFE = "[qualify]\nlabel = 'safe'\n"
HUMAN = f"{SAFE}by = 'human'\n"


@pytest.fixture
def judged(tmp_path):
    """Two models answer sixty prompts that their file calls safe; the rules have judged all, people one model's."""
    with create(tmp_path / "judged.orbench", PROMPTS, labelled=("north",)) as workspace:
        run_judges.judge(workspace, run_judges.rules(workspace))
        yield workspace


def take(workspace, text):
    return run_recipe.run_recipe(workspace, read_recipe(text))


def label(workspace, prompt_ids, value=Label.SAFE):
    bulk_labels.decide_all(workspace, prompt_ids, Aspect.LABEL, value, annotator="anna")


def refused_by(workspace, *models):
    """Which prompts these models refuse by the class that counts, read one by one."""
    found = set()
    for prompt_id in range(1, PROMPTS + 1):
        for one in prompt_review.load(workspace, prompt_id).responses:
            if one.response.model in models and str(one.final.answer_class).endswith("refusal"):
                found.add(prompt_id)
    return found


def test_whose_label_counts(judged):
    assert len(take(judged, SAFE).chosen) == PROMPTS
    assert take(judged, HUMAN).chosen == ()
    label(judged, range(1, 11))
    label(judged, [3], Label.TOXIC)
    assert set(take(judged, HUMAN).chosen) == {*range(1, 11)} - {3}
    assert take(judged, f"{SAFE}by = 'consensus'").chosen == ()
    assert set(take(judged, "[qualify]\nlabel = 'toxic'").chosen) == {3}


def test_how_probably_a_prompt_is_safe(judged):
    text = "[qualify]\nfilter = 'id:1-12'\np_safe = {}"
    assert take(judged, text.format(0)).chosen == (), "nobody has rated a prompt"
    label(judged, range(1, 11))
    label(judged, [3], Label.TOXIC)
    bulk_labels.decide_all(judged, range(1, 9), Aspect.LABEL, Label.SAFE, annotator="bob")
    found = rater_reliability.safe_probabilities(judged, audit_counts.read(judged))
    assert len(found) == 10
    for least in (0.5, 0.9):
        taken = {prompt_id for prompt_id, chance in found.items() if chance >= least} - {3}  # disputed: no final label
        assert set(take(judged, text.format(least)).chosen) == taken
    assert "P(safe) at least 0.5" in [step.words for step in take(judged, text.format(0.5)).steps]


def test_whose_refusals_count(judged):
    text = "[refused]\nfamilies = {}\n{}"
    both = refused_by(judged, "north") & refused_by(judged, "south")
    assert set(take(judged, text.format(1, "")).chosen) == refused_by(judged, "north", "south")
    assert set(take(judged, text.format(2, "")).chosen) == both
    assert set(take(judged, text.format(1, "of = ['south']")).chosen) == refused_by(judged, "south")
    assert set(take(judged, text.format(1, "judgement = 'human'")).chosen) == refused_by(judged, "north")
    rules = set(take(judged, text.format(1, "judgement = 'studio-rules'")).chosen)
    assert rules == {
        prompt_id
        for prompt_id in range(1, PROMPTS + 1)
        for one in prompt_review.load(judged, prompt_id).responses
        for said in one.response.judgements
        if str(said.answer_class).endswith("refusal")
    }


def test_a_person_who_corrects_a_judge_changes_the_subset(judged):
    text = "[refused]\nfamilies = 1\nof = ['north']"
    first, *rest = take(judged, text).chosen
    of = next(one for one in prompt_review.load(judged, first).responses if one.response.model == "north")
    said = Decision(first, Aspect.ANSWER_CLASS, AnswerClass.DIRECT_ANSWER, of.response.id)
    prompt_review.decide(judged, said, annotator="anna")
    assert list(take(judged, text).chosen) == rest
    prompt_review.undo(judged, annotator="anna")
    assert list(take(judged, text).chosen) == [first, *rest]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[refused]\nfamilies = 1\njudgement = 'oracle'",
            "no judge “oracle” in this workspace. There are: counts, human",
        ),
        ("[refused]\nfamilies = 1\nof = ['gpt']", "no model family “gpt” in this workspace. There are: north, south."),
        ("[diversity]\nper_group = 1", "nobody has looked for any yet"),
    ],
)
def test_what_a_recipe_needs_and_is_not_there_is_named(judged, text, message):
    with pytest.raises(StudioError, match=message):
        take(judged, text)


def test_near_duplicates_are_limited_and_must_be_up_to_date(judged):
    near_duplicates.find_duplicates(judged, 0.6)
    groups = {m.row.prompt_id: g for g, _ in near_duplicates.groups(judged) for m in near_duplicates.members(judged, g)}
    chosen = take(judged, "[diversity]\nper_group = 1").chosen
    taken = [groups[prompt_id] for prompt_id in chosen if prompt_id in groups]
    assert len(taken) == len(set(taken)) == len(set(groups.values())) < len(groups)
    with judged.writing() as db:
        db.exec_driver_sql("UPDATE groupings SET prompts = prompts - 5")
    with pytest.raises(StudioError, match="5 prompts came after"):
        take(judged, "[diversity]\nper_group = 1")


def test_the_rates_are_those_of_the_prompts_that_were_taken(judged):
    chosen = take(judged, "[qualify]\nfilter = 'id:1-20'").chosen
    rates = run_recipe.rates(judged, chosen)
    assert rates["north"].refusal.n == 20
    assert rates["north"].refusal.count == len(refused_by(judged, "north") & {*range(1, 21)})
    assert run_recipe.rates(judged, ()) == {}


def test_the_same_recipe_makes_the_same_subset_again_and_nothing_changes(judged):
    label(judged, range(1, 21))
    recipe = read_recipe(f"{HUMAN}[size]\nprompts = 10\ncategories = 'equal'")
    subsets.save_subset(judged, "ten", recipe)
    first = subsets.saved_subset(judged, "ten")
    assert subsets.save_subset(judged, "ten", recipe).kinds == frozenset()
    assert subsets.saved_subset(judged, "ten") == first
    subsets.save_subset(judged, "again", recipe)
    again = subsets.saved_subset(judged, "again")
    assert (again.prompt_ids, again.state) == (first.prompt_ids, first.state)
    assert search.queue_of(judged, parse("subset:ten")).ids.tolist() == sorted(first.prompt_ids)
    assert (first.state.human.count, first.state.human.n) == (10, 10)
    assert first.state.journal == 2
    assert first.recipe == recipe.text
    with open_workspace(judged.place) as other:
        assert subsets.saved_subset(other, "ten") == first


def test_a_name_that_is_taken_is_replaced_only_when_asked(judged):
    subsets.save_subset(judged, "one", read_recipe(SAFE))
    with pytest.raises(StudioError, match="“one” already"):
        subsets.save_subset(judged, "one", read_recipe("[qualify]\nfilter = 'id:1-5'"))
    subsets.save_subset(judged, "one", read_recipe("[qualify]\nfilter = 'id:1-5'"), replace=True)
    assert [(one.name, one.prompts) for one in subsets.saved_subsets(judged)] == [("one", 5)]
    subsets.remove_subset(judged, "one")
    assert subsets.saved_subsets(judged) == []
    with pytest.raises(StudioError, match="none yet"):
        subsets.remove_subset(judged, "one")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (" ", SAFE, "needs a name"),
        ("a\nb", SAFE, "needs a name"),
        ("none", HUMAN, "No prompt is left"),
        ("short", "[size]\nprompts = 99\nshort = 'stop'", "only 60 of 99 prompts"),
    ],
)
def test_what_cannot_be_saved(judged, name, text, message):
    with pytest.raises(StudioError, match=message):
        subsets.save_subset(judged, name, read_recipe(text))
    assert subsets.saved_subsets(judged) == []


def test_what_two_subsets_differ_in_and_why(judged, tmp_path):
    label(judged, range(1, 21))
    subsets.save_subset(judged, "before", read_recipe(HUMAN))
    label(judged, [1, 2], Label.TOXIC)
    label(judged, [30])
    subsets.save_subset(judged, "after", read_recipe(f"{HUMAN}filter = '-id:3'"))
    found = subsets.compare(judged, "before", "after")
    assert found.both == 17
    why = {one.prompt_id: one.why for one in found.only_first}
    assert why == {1: "label safe, by people", 2: "label safe, by people", 3: "-id:3"}
    assert [(one.prompt_id, one.why) for one in found.only_second] == [(30, "label safe, by people")]
    published = tmp_path / "published.csv"
    texts = [prompt_review.load(judged, n).prompt.text for n in (4, 5, 30)]
    published.write_text("prompt,category\n" + "".join(f'"{text}",x\n' for text in [*texts, "Not here"]))
    found = subsets.compare(judged, "after", str(published))
    assert (found.both, len(found.only_first)) == (3, 15)
    assert {one.why for one in found.only_first} == {"not in the file"}
    assert [(one.text, one.prompt_id, one.why) for one in found.only_second] == [
        ("Not here", None, "not in this workspace")
    ]
    with pytest.raises(StudioError, match=r"no subset “nothing”\. Subsets here: after, before"):
        subsets.compare(judged, "after", "nothing")
