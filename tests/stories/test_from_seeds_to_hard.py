"""From nothing to a reviewed queue and a Hard subset, with scripted models; killed while it writes seeds, rewrites them
and votes: what was stored stays, once, and each batch goes on where it was.
"""

import time
from collections import Counter

import pytest
from sqlalchemy import func, select

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.curation.recipe import read_recipe
from orbench_studio.domain.evaluation.batch import BatchKind, BatchSettings, Limits, Sampling
from orbench_studio.domain.review.decision import Decision
from orbench_studio.providers.base import Request
from orbench_studio.providers.simulated_roles import ROLES
from orbench_studio.services.core import templates
from orbench_studio.services.core.templates import TemplateName
from orbench_studio.services.curation import subsets
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.generation import moderation_batches, seeds_and_rewrites
from orbench_studio.services.generation.funnel import funnel
from orbench_studio.services.judging import builtin_judges, run_judges
from orbench_studio.services.review import prompt_review
from orbench_studio.services.workspace.workspace import create_workspace
from orbench_studio.store.core.tables import VOTES
from tests.fake_vendor import KEY, Vendor
from tests.forked import start_script
from tests.unit.services.evaluation.test_shared_batches import PROCESS
from tests.unit.services.generation.pipeline import Pipeline

REMOTE, HERE = "openai/gpt-test", ("simulated/strict", "simulated/lenient")
LEASE = 1.0  # seconds; nobody is there to take a slow process for a dead one before it is killed
AT_ONCE = 4
REFUSING = ("simulated/refusing", "simulated/mixed")  # two families
RECIPE = "[qualify]\nlabel = 'safe'\n[refused]\nfamilies = 2\n[diversity]\nper_seed = 2\n"


class Scripted(Vendor):
    """Writes lists and votes as the simulated models do; after so many answers it keeps all others waiting."""

    def __init__(self):
        super().__init__(key=KEY)
        self.answer = self._say
        self.left = None

    def _say(self, prompt):
        if self.left is not None:
            self.left -= 1
            self.held = self.left == 0
        role = "moderator" if "You moderate" in prompt else "writer"
        return ROLES[role](Request("gpt-test", prompt, Sampling())).text


@pytest.fixture
def vendor(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with Scripted() as vendor:
        yield vendor


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new.orbench"


@pytest.fixture
def pipeline(path):
    with create_workspace(path) as workspace:
        yield Pipeline(workspace)


def settings(vendor, wording, texts=3):
    template = templates.load(wording).text
    limits, places = Limits(concurrency=AT_ONCE), {REMOTE: vendor.url}
    return BatchSettings(Sampling(temperature=1.0), limits, base_urls=places, template=template, texts=texts)


def killed(pipeline, path, vendor, batch, after):
    """Run a batch in another process, kill that after so many answers of the vendor, and go on here."""

    def done():
        progress = batch_control.progress(pipeline.workspace, batch.id)
        return next(model.done for model in progress.models if model.model == REMOTE)

    asked, vendor.left = len(vendor.bodies), after
    with start_script(PROCESS, path, batch.id, LEASE) as process:
        try:
            assert process.stdout.readline() == "started\n"
            while done() < after:
                assert process.poll() is None
                time.sleep(0.01)
        finally:
            process.kill()
    assert done() == after
    vendor.left, vendor.held = None, False
    progress = pipeline.run(batch, lease=LEASE)
    assert progress.done == progress.total
    own = next(model.total for model in progress.models if model.model == REMOTE)
    assert own <= len(vendor.bodies) - asked <= own + AT_ONCE, "only what was under way is sent again"
    return progress


def write(pipeline, path, vendor, kind, after):
    """Let the vendor write lists, killed on the way."""
    if kind is BatchKind.SEEDING:
        asked, texts = seeds_and_rewrites.seed_requests(list(Category), 2)
        chosen = settings(vendor, TemplateName.SEEDING, texts)
    else:
        asked, chosen = (
            seeds_and_rewrites.rewrite_requests(pipeline.workspace, REMOTE),
            settings(vendor, TemplateName.REWRITING),
        )
    batch = seeds_and_rewrites.create(pipeline.workspace, kind, REMOTE, asked, chosen, pipeline.prices)
    return killed(pipeline, path, vendor, batch, after)


def vote(pipeline, path, vendor):
    """Three moderators, one of them at the vendor, killed on the way."""
    names = (REMOTE, *HERE)
    hashed = templates.load(TemplateName.ON_PROMPTS).hash
    targets = moderation_batches.select_targets(pipeline.workspace, names, template_hash=hashed)
    chosen = settings(vendor, TemplateName.ON_PROMPTS)
    batch = moderation_batches.create(pipeline.workspace, names, targets, chosen, pipeline.prices)
    killed(pipeline, path, vendor, batch, 9)
    with pipeline.workspace.reading() as db:
        assert db.execute(select(func.count()).select_from(VOTES)).scalar_one() == 3 * len(targets)


def answer(pipeline, models, ids):
    """Put the prompts to the models."""
    pipeline.run(batch_control.create(pipeline.workspace, models, ids, BatchSettings(), prices=pipeline.prices))


def test_killed_thrice_it_ends_in_a_hard_subset_that_says_whose_its_labels_are(pipeline, path, vendor):
    workspace = pipeline.workspace
    assert write(pipeline, path, vendor, BatchKind.SEEDING, 3).total == len(Category)
    seeds = funnel(workspace)
    assert seeds.count("seeds") + seeds.seeds_set_aside == 2 * len(Category)
    lists = write(pipeline, path, vendor, BatchKind.REWRITING, 5).total
    assert lists == seeds.count("seeds")
    assert funnel(workspace).count("rewrites") == 3 * lists
    vote(pipeline, path, vendor)
    pipeline.answer()
    pipeline.moderate(HERE, responder="simulated/helpful")
    now = funnel(workspace)
    assert now.count("voted") == now.count("unique") == now.count("safe") + now.count("toxic") + now.count("disputed")

    answer(pipeline, REFUSING, pipeline.ids("consensus:safe"))
    run_judges.judge(workspace, builtin_judges.rules(workspace))
    people = pipeline.ids("label:safe families:>=2")[:3]
    for prompt_id in [*people, *pipeline.ids("consensus:open -votes:none")]:
        prompt_review.decide(workspace, Decision(prompt_id, Aspect.LABEL, "safe"), annotator="ada")
    subsets.save_subset(workspace, "hard", read_recipe(RECIPE))
    hard = subsets.saved_subset(workspace, "hard")
    assert hard.state.human.count == len(people) < len(hard.prompt_ids)
    siblings = Counter(prompt_review.load(workspace, prompt_id).prompt.seed.text for prompt_id in hard.prompt_ids)
    assert max(siblings.values()) == 2
    assert workspace.problems() == []
