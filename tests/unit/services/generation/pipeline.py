"""Test helper: the generation pipeline with simulated models."""

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
    """Runs pipeline steps on a workspace."""

    def __init__(self, workspace):
        self.workspace, self.prices = workspace, PRICES

    def run(self, batch, **options):
        runner = LiveRunner(self.workspace, batch.id, self.prices, **options)
        runner.start()
        assert runner.wait(120)
        progress = runner.snapshot().progress
        assert progress.batch.state is BatchState.COMPLETED
        return progress

    def settings(self, name, texts=5):
        template = templates.load(name).text
        return BatchSettings(Sampling(temperature=1.0), Limits(concurrency=4), template=template, texts=texts)

    def seed(self, each=4, categories=tuple(Category)):
        requests, texts = seeds_and_rewrites.seed_requests(categories, each)
        settings = self.settings(TemplateName.SEEDING, texts)
        return self.run(self.create(BatchKind.SEEDING, requests, settings))

    def rewrite(self, texts=5, **selection):
        requests = seeds_and_rewrites.rewrite_requests(self.workspace, WRITER, **selection)
        return self.run(self.create(BatchKind.REWRITING, requests, self.settings(TemplateName.REWRITING, texts)))

    def moderate(self, names=MODERATORS, responder=None):
        name = TemplateName.ON_RESPONSES if responder else TemplateName.ON_PROMPTS
        settings = self.settings(name)
        template_hash = templates.load(name).hash
        targets = moderation_batches.select_targets(
            self.workspace, names, responder=responder, template_hash=template_hash
        )
        return self.run(moderation_batches.create(self.workspace, names, targets, settings, self.prices))

    def answer(self, responder="simulated/helpful"):
        ids = moderation_batches.prompts_to_answer(self.workspace, responder)
        self.run(batch_control.create(self.workspace, [responder], ids, BatchSettings(), prices=self.prices))
        return ids

    def ids(self, query):
        return list(search.queue_of(self.workspace, parse(query), None).ids)

    def create(self, kind, requests, settings):
        return seeds_and_rewrites.create(self.workspace, kind, WRITER, requests, settings, self.prices)
