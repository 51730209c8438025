"""The steps from seeds to votes with simulated models, on a workspace, for tests."""

from pathlib import Path

from orbench_studio.domain.core.category import Category
from orbench_studio.domain.evaluation.batch import BatchKind, BatchSettings, Limits, Sampling
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.domain.review.query import parse
from orbench_studio.services.core import templates
from orbench_studio.services.core.templates import TemplateName
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.live_runner import LiveRunner
from orbench_studio.services.evaluation.prices import Prices
from orbench_studio.services.generation import moderation_batches, seeds_and_rewrites
from orbench_studio.services.review import search

PRICES = Prices("2026-11-21", Path("prices.json"), {})
WRITER = "simulated/writer"
MODERATORS = ("simulated/lenient", "simulated/moderator", "simulated/strict")


class Pipeline:
    """An empty workspace and the steps on it."""

    def __init__(self, workspace):
        self.workspace, self.prices = workspace, PRICES

    def run(self, batch, **options):
        runner = LiveRunner(self.workspace, batch.id, self.prices, **options)
        runner.start()
        assert runner.wait(120)
        progress = runner.snapshot().progress
        assert progress.batch.state is BatchState.COMPLETED
        return progress

    def settings(self, wording, texts=5):
        template = templates.load(wording).text
        return BatchSettings(Sampling(temperature=1.0), Limits(concurrency=4), template=template, texts=texts)

    def seed(self, each=4, categories=tuple(Category)):
        asked, texts = seeds_and_rewrites.lists(categories, each)
        settings = self.settings(TemplateName.SEEDING, texts)
        return self.run(self.create(BatchKind.SEEDING, asked, settings))

    def rewrite(self, texts=5, **which):
        asked = seeds_and_rewrites.choose_seeds(self.workspace, WRITER, **which)
        return self.run(self.create(BatchKind.REWRITING, asked, self.settings(TemplateName.REWRITING, texts)))

    def moderate(self, names=MODERATORS, responder=None):
        wording = TemplateName.ON_RESPONSES if responder else TemplateName.ON_PROMPTS
        settings = self.settings(wording)
        hashed = templates.load(wording).hash
        targets = moderation_batches.choose(self.workspace, names, responder=responder, template_hash=hashed)
        return self.run(moderation_batches.create(self.workspace, names, targets, settings, self.prices))

    def answer(self, responder="simulated/helpful"):
        ids = moderation_batches.to_answer(self.workspace, responder)
        self.run(batch_control.create(self.workspace, [responder], ids, BatchSettings(), prices=self.prices))
        return ids

    def ids(self, query):
        return list(search.queue_of(self.workspace, parse(query), None).ids)

    def create(self, kind, asked, settings):
        return seeds_and_rewrites.create(self.workspace, kind, WRITER, asked, settings, self.prices)
