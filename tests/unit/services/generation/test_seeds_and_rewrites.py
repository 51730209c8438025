"""The generation pipeline with simulated models: seeds, rewrites, votes, veto and further rounds."""

import json
import shutil

import pytest
from sqlalchemy import select

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.moderation import Rule
from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.evaluation.batch import BatchKind
from orbench_studio.domain.generation.list_reply import read_list
from orbench_studio.domain.review.decision import Decision
from orbench_studio.errors import StudioError
from orbench_studio.providers import simulated_roles
from orbench_studio.providers.base import Answer
from orbench_studio.services.core import templates
from orbench_studio.services.core.templates import TemplateName
from orbench_studio.services.data import import_files
from orbench_studio.services.evaluation import near_duplicate_filter
from orbench_studio.services.generation import moderation_batches, seeds_and_rewrites
from orbench_studio.services.generation.funnel import QUERIES, funnel, moderators
from orbench_studio.services.review import prompt_review
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace
from orbench_studio.store.core.generation_tables import GENERATION_ITEMS
from orbench_studio.store.core.tables import VOTES
from orbench_studio.store.evaluation import generated_texts
from orbench_studio.store.evaluation.results import ListAnswer, Outcome
from tests.unit.services.generation.pipeline import MODERATORS, WRITER, Pipeline


@pytest.fixture
def pipeline(tmp_path):
    with create_workspace(tmp_path / "new.orbench") as workspace:
        yield Pipeline(workspace)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A workspace file with two seeds a category, five rewrites of each, and three votes on each of those."""
    path = tmp_path_factory.mktemp("begun") / "begun.orbench"
    with create_workspace(path) as workspace:
        pipeline = Pipeline(workspace)
        pipeline.seed(each=2)
        pipeline.rewrite()
        pipeline.moderate()
    return path


@pytest.fixture
def moderated(begun, tmp_path):
    """A copy of the moderated file per test."""
    path = tmp_path / "copy.orbench"
    shutil.copy(begun, path)
    with open_workspace(path) as workspace:
        yield Pipeline(workspace)


def test_the_pipeline_fills_the_review_queue(pipeline):
    assert pipeline.seed(each=2).total == 10
    pipeline.rewrite()
    pipeline.moderate()
    pipeline.answer()
    pipeline.moderate(responder="simulated/helpful")
    now = funnel(pipeline.workspace)
    assert now.count("seeds") + now.seeds_set_aside == 20
    assert now.count("rewrites") == 5 * now.count("seeds")
    assert now.count("unique") == now.count("rewrites") - now.rewrites_set_aside == now.count("voted")
    assert now.count("safe") + now.count("toxic") + now.count("disputed") == now.count("voted")
    assert min(now.count(name) for name in ("safe", "toxic", "disputed")) > 0
    assert {name: len(pipeline.ids(query)) for name, query in QUERIES.items()} == {
        name: now.count(name) for name in QUERIES
    }
    safe = pipeline.ids(QUERIES["safe"])[0]
    prompt_review.decide(pipeline.workspace, Decision(safe, Aspect.LABEL, "safe"), annotator="ada")
    assert funnel(pipeline.workspace).count("confirmed") == 1
    assert pipeline.workspace.problems() == []


def test_every_result_has_the_hash_of_its_template(moderated):
    with moderated.workspace.reading() as db:
        written = set(db.execute(select(GENERATION_ITEMS.c.template_hash)).scalars())
        voted = set(db.execute(select(VOTES.c.template_hash)).scalars())
    assert written == {templates.load(TemplateName.SEEDING).hash, templates.load(TemplateName.REWRITING).hash}
    assert voted == {templates.load(TemplateName.ON_PROMPTS).hash}


def test_a_batch_of_rewrites_has_prompts_and_one_of_seeds_none(moderated):
    rewrites = set(moderated.ids("origin:rewrite"))
    assert set(moderated.ids("batch:2")) == set(moderated.ids(f"batch:2={WRITER}")) == rewrites
    assert moderated.ids("batch:1") == moderated.ids("-batch:2") == []
    assert set(moderated.ids("-batch:1")) == rewrites
    assert set(moderated.ids("batch:3")) == rewrites


def test_rewrites_have_the_seed_and_its_category(moderated):
    view = prompt_review.load(moderated.workspace, moderated.ids("origin:rewrite category:hate")[0])
    assert view.prompt.seed.category == view.prompt.category == Category.HATE
    assert view.siblings > 1


def test_an_unparsed_vote_is_stored_and_leaves_no_consensus(moderated):
    unread = moderated.ids("votes:unread consensus:open")
    votes = prompt_review.load(moderated.workspace, unread[0]).votes
    assert "It could be privacy, it could be none of the above." in {vote.raw for vote in votes}


def test_existing_votes_are_not_repeated_but_new_moderators_vote(pipeline):
    pipeline.seed(each=1, categories=(Category.HATE,))
    pipeline.rewrite()
    pipeline.moderate(MODERATORS[:2])
    with pytest.raises(StudioError, match="Nothing to vote on"):
        pipeline.moderate(MODERATORS[:2])
    pipeline.moderate(MODERATORS)


def test_seeds_are_rewritten_once_unless_requested_again(pipeline):
    pipeline.seed(each=2, categories=(Category.HATE,))
    pipeline.rewrite()
    with pytest.raises(StudioError, match="No seeds to rewrite"):
        pipeline.rewrite()
    before = funnel(pipeline.workspace)
    pipeline.rewrite(again=True)  # the scripted writer repeats itself, so all rewrites are rejected
    after = funnel(pipeline.workspace)
    assert after.count("unique") == before.count("unique")
    assert after.rewrites_set_aside == before.rewrites_set_aside + before.count("rewrites")


def test_toxic_rewrites_become_seeds_up_to_the_limit_of_rounds(moderated):
    toxic = funnel(moderated.workspace).count("toxic")
    assert toxic
    assert seeds_and_rewrites.return_toxic(moderated.workspace, 1)
    returned = funnel(moderated.workspace).returned
    assert 0 < returned <= toxic  # some are seeds already, to the letter
    assert not seeds_and_rewrites.return_toxic(moderated.workspace, 1)
    assert moderated.rewrite(rounds=1).total == returned
    moderated.moderate()
    assert not seeds_and_rewrites.return_toxic(moderated.workspace, 1)
    assert seeds_and_rewrites.return_toxic(moderated.workspace, 2)


def test_seeds_beyond_the_limit_of_rounds_stay_stored(moderated):
    seeds_and_rewrites.return_toxic(moderated.workspace, 1)
    with pytest.raises(StudioError, match="No seeds to rewrite"):
        moderated.rewrite(rounds=0)


def test_a_new_voting_rule_recounts_existing_votes(moderated):
    split = moderated.ids("votes:2-1 consensus:safe")[0]
    assert moderation_batches.set_rule(moderated.workspace, Rule.from_text("unanimous"))
    assert prompt_review.load(moderated.workspace, split).consensus.label is None
    assert moderated.workspace.problems() == []
    assert not moderation_batches.set_rule(moderated.workspace, Rule.from_text("unanimous"))
    assert moderated.ids("votes:2-1 consensus:safe") == []
    assert moderation_batches.set_rule(moderated.workspace, Rule())
    assert split in moderated.ids("votes:2-1 consensus:safe")


def test_the_responder_answers_prompts_whose_label_it_could_change(moderated):
    safe = set(moderated.ids("consensus:safe"))
    assert set(moderated.answer("simulated/helpful")) == safe
    with pytest.raises(StudioError, match="No prompt"):
        moderated.answer("simulated/helpful")
    moderation_batches.set_rule(moderated.workspace, Rule(rescues=True))
    assert set(moderated.answer("simulated/helpful")) == set(moderated.ids("consensus:toxic"))
    moderated.moderate(responder="simulated/helpful")
    assert moderated.ids("veto:overruled")
    assert moderated.ids("veto:rescued")


def test_agreement_between_moderators(moderated):
    found = moderators(moderated.workspace)
    assert [(pair.one, pair.other) for pair in found.pairs] == [
        (MODERATORS[0], MODERATORS[1]), (MODERATORS[0], MODERATORS[2]), (MODERATORS[1], MODERATORS[2])
    ]  # fmt: skip
    shares = [found.toxic[name].value for name in MODERATORS]
    assert shares == sorted(shares)
    split = len(moderated.ids("votes:2-1")) + len(moderated.ids("votes:1-2"))
    assert sum(rate.count for rate in found.alone.values()) == split
    assert {rate.n for rate in found.alone.values()} == {
        split + len(moderated.ids("votes:3-0")) + len(moderated.ids("votes:0-3"))
    }


def reply(pipeline, text, seed=None):
    """Store a reply for the next open item."""
    with pipeline.workspace.writing() as db:
        item = db.execute(select(GENERATION_ITEMS.c.item_id).where(GENERATION_ITEMS.c.raw.is_(None))).scalars().first()
        values = {"raw": text, "stop_reason": StopReason.STOP, "template_hash": "x"}
        return generated_texts.store(db, item, read_list(text), values, {})


@pytest.fixture
def open_batch(pipeline):
    """A batch with six requests for seeds, none of them sent."""
    asked, texts = seeds_and_rewrites.seed_requests(list(Category)[:6], 1)
    pipeline.create(BatchKind.SEEDING, asked, pipeline.settings(TemplateName.SEEDING, texts))
    return pipeline


def test_duplicates_except_for_case_and_punctuation_are_rejected_and_listed(open_batch):
    reply(open_batch, '["Kill the lights.", "KILL the  lights!", "Kill the lights.", "Kill the sound."]')
    reply(open_batch, '["kill the sound"]')
    assert funnel(open_batch.workspace).count("seeds") == 2
    duplicates = seeds_and_rewrites.duplicates(open_batch.workspace, seeds=True)
    assert [(one.text, one.same_as) for one in duplicates] == [
        ("kill the sound", "Kill the sound."),
        ("Kill the lights.", "Kill the lights."),
        ("KILL the lights!", "Kill the lights."),
    ]
    assert seeds_and_rewrites.duplicates(open_batch.workspace, seeds=False) == []


def test_replies_without_texts_are_counted_and_listed(open_batch):
    reply(open_batch, "I'm sorry, I can't help with that.")
    reply(open_batch, "")
    assert (funnel(open_batch.workspace).declined, funnel(open_batch.workspace).unread) == (1, 1)
    assert seeds_and_rewrites.replies_without_text(open_batch.workspace) == [
        ("", False),
        ("I'm sorry, I can't help with that.", True),
    ]


def test_a_rewrite_equal_to_its_seed_is_rejected(pipeline):
    pipeline.seed(each=1, categories=(Category.HATE,))
    with pipeline.workspace.reading() as db:
        text = db.execute(select(generated_texts.SEEDS.c.text)).scalar_one()
    asked = seeds_and_rewrites.rewrite_requests(pipeline.workspace, WRITER)
    pipeline.create(BatchKind.REWRITING, asked, pipeline.settings(TemplateName.REWRITING))
    assert reply(pipeline, f'["{text.upper()}"]') == []
    [duplicate] = seeds_and_rewrites.duplicates(pipeline.workspace, seeds=False)
    assert duplicate.is_seed and duplicate.same_as == text


DUSK = "How do I shoot a portrait of my neighbour's dog at dusk without a flash?"
DAWN = "How do I shoot a portrait of my neighbour's dog at dawn without a flash?"
NIGHT = "How do I paint a portrait of my neighbour's cat at dawn without a lamp?"


def replies(monkeypatch, *texts):
    """Let the scripted writer send these replies in order."""
    left = list(texts)
    answer = lambda request: Answer(left.pop(0), StopReason.STOP, request.tokens, 1)
    monkeypatch.setitem(simulated_roles.ROLES, "writer", answer)


def test_near_duplicates_across_batches_are_rejected_and_listed(pipeline, monkeypatch):
    replies(monkeypatch, json.dumps([DUSK, DAWN]), json.dumps([NIGHT]), json.dumps([DUSK.upper()]))
    for _ in range(3):
        pipeline.seed(each=2, categories=(Category.PRIVACY,))
    assert funnel(pipeline.workspace).count("seeds") == 2  # the last is four words away from the stored one
    duplicates = seeds_and_rewrites.duplicates(pipeline.workspace, seeds=True)
    assert [(one.text, one.same_as, one.is_same) for one in duplicates] == [
        (DUSK.upper(), DUSK, True),
        (DAWN, DUSK, False),
    ]


def test_a_rewrite_similar_to_a_prompt_or_its_seed_is_rejected(pipeline, tmp_path, monkeypatch):
    table = tmp_path / "prompts.csv"
    table.write_text(f"prompt,category\n{DUSK},privacy\n")
    import_files.import_file(pipeline.workspace, table, import_files.ReadOptions())
    seed = "Tell me which of the neighbours leaves the house last, and at what time of the day."
    replies(monkeypatch, json.dumps([seed]), json.dumps([DAWN, seed.replace("last", "first"), "What is a dawn?"]))
    pipeline.seed(each=1, categories=(Category.PRIVACY,))
    pipeline.rewrite()
    duplicates = seeds_and_rewrites.duplicates(pipeline.workspace, seeds=False)
    assert [(one.text, one.same_as, one.is_seed) for one in duplicates] == [
        (seed.replace("last", "first"), seed, True),
        (DAWN, DUSK, False),
    ]
    assert funnel(pipeline.workspace).count("unique") == 1
    assert funnel(pipeline.workspace).imported == 0  # that prompt has no seed
    table.write_text(f'prompt,toxic_seed,category\n{NIGHT},"{seed}",privacy\n')
    import_files.import_file(pipeline.workspace, table, import_files.ReadOptions())
    now = funnel(pipeline.workspace)
    assert (now.count("rewrites"), now.imported, now.rewrites_set_aside) == (4, 1, 2)


def test_texts_of_a_rolled_back_transaction_are_forgotten(open_batch):
    library = near_duplicate_filter.NearDuplicateFilter(BatchKind.SEEDING)

    def outcome(text):
        return Outcome(1, None, 1, 1, ListAnswer(read_list(json.dumps([text])), "", StopReason.STOP, "x"))

    with open_batch.workspace.reading() as db:
        assert library.annotate(db, [outcome(DUSK)])[0].result.near == {}
        assert library.annotate(db, [outcome(DAWN)])[0].result.near == {}
    reply(open_batch, json.dumps([DUSK]))
    with open_batch.workspace.reading() as db:
        assert library.annotate(db, [outcome(DAWN)])[0].result.near == {DAWN: [DUSK]}


@pytest.mark.parametrize("name", TemplateName)
def test_a_template_without_its_placeholders_is_an_error(name, tmp_path):
    file = tmp_path / "custom.txt"
    file.write_text("Say something.")
    with pytest.raises(StudioError, match=r"custom\.txt is missing the placeholders .*\{"):
        templates.load(name, file)


@pytest.mark.parametrize("name", TemplateName)
def test_built_in_templates_have_their_placeholders(name):
    assert len(templates.load(name).hash) == 64
