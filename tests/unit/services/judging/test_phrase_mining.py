"""Mining phrases of a workspace, per model."""

import pytest

from orbench_studio.services.judging.phrase_mining import mined_phrases
from tests.unit.services.judging.judged_workspace import create


@pytest.fixture
def labelled(tmp_path):
    with create(tmp_path / "labelled.orbench", prompts=90, labelled=("north", "south")) as workspace:
        yield workspace


def test_phrases_differ_between_models(labelled):
    north = {one.phrase for one in mined_phrases(labelled, "north") if one.refuses}
    south = {one.phrase for one in mined_phrases(labelled, "south") if one.refuses}
    assert any("sorry" in phrase for phrase in north)
    assert any("gate" in phrase for phrase in south)
    assert not north & south
    assert mined_phrases(labelled, "nobody") == []


def test_without_labels_no_phrases_are_mined(tmp_path):
    with create(tmp_path / "none.orbench") as workspace:
        assert mined_phrases(workspace) == []
