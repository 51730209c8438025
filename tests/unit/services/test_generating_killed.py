"""The process is killed while it writes or votes: what was stored stays, once, and the batch goes on where it was."""

import subprocess
import sys

import pytest
from sqlalchemy import func, select

from orbench_studio.domain.batch import BatchKind, BatchSettings, Limits, Sampling
from orbench_studio.domain.category import Category
from orbench_studio.services import evaluating, generating, moderating, templates
from orbench_studio.services.funnel import funnel
from orbench_studio.services.templates import Wording
from orbench_studio.services.workspace import create_workspace
from orbench_studio.store.tables import VOTES
from tests.unit.services.pipeline import Pipeline
from tests.unit.services.test_batches_shared import RUNNING

LEASE = 1.0  # seconds; nobody is there to take a slow process for a dead one before it is killed
SLOW = Limits(concurrency=2)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "new.orbench"


@pytest.fixture
def pipeline(path):
    with create_workspace(path) as workspace:
        yield Pipeline(workspace)


def killed_half_way(pipeline, path, batch):
    """Run a batch in another process, kill that after its first answers, and go on here."""
    command = [sys.executable, "-c", RUNNING, str(path), str(batch.id), str(LEASE)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "begun\n"
            while not evaluating.progress(pipeline.workspace, batch.id).done:
                assert process.poll() is None
        finally:
            process.kill()
    before = evaluating.progress(pipeline.workspace, batch.id)
    assert 0 < before.done < before.total
    return pipeline.run(batch, lease=LEASE)


def settings(wording, texts=5):
    return BatchSettings(Sampling(temperature=1.0), SLOW, template=templates.load(wording).text, texts=texts)


def test_every_list_and_every_vote_is_there_once(pipeline, path):
    pipeline.seed(each=2, categories=tuple(Category)[:5])
    writer = "simulated/writer@0.1"
    asked = generating.choose_seeds(pipeline.workspace, writer)
    chosen = settings(Wording.REWRITING)
    batch = generating.create(pipeline.workspace, BatchKind.REWRITING, writer, asked, chosen, pipeline.prices)
    assert killed_half_way(pipeline, path, batch).done == len(asked)
    assert funnel(pipeline.workspace).count("rewrites") == 5 * len(asked)

    names = ("simulated/strict@0.1", "simulated/lenient@0.1")
    chosen = settings(Wording.ON_PROMPTS)
    targets = moderating.choose(pipeline.workspace, names, template_hash=templates.load(Wording.ON_PROMPTS).hash)[:12]
    moderation = moderating.create(pipeline.workspace, names, targets, chosen, pipeline.prices)
    assert killed_half_way(pipeline, path, moderation).done == 2 * len(targets)
    with pipeline.workspace.reading() as db:
        assert db.execute(select(func.count()).select_from(VOTES)).scalar_one() == 2 * len(targets)
    assert funnel(pipeline.workspace).count("voted") == len(targets)
    assert pipeline.workspace.problems() == []
