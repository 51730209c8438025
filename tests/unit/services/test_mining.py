"""Phrases out of a workspace: per model, on the held-out half, and what cannot be mined."""

import pytest

from orbench_studio.errors import StudioError
from orbench_studio.services.mining import mined_phrases, try_phrase
from tests.unit.services.judged_workspace import create


@pytest.fixture
def own(tmp_path):
    with create(tmp_path / "own.orbench", prompts=90, labelled=("north", "south")) as workspace:
        yield workspace


def test_every_model_has_its_own_words(own):
    north = {one.phrase for one in mined_phrases(own, "north") if one.refuses}
    south = {one.phrase for one in mined_phrases(own, "south") if one.refuses}
    assert any("sorry" in phrase for phrase in north)
    assert any("gate" in phrase for phrase in south)
    assert not north & south
    assert mined_phrases(own, "nobody") == []


def test_a_phrase_is_tried_on_the_half_it_was_not_mined_from(own):
    best = next(one for one in mined_phrases(own, "north") if one.refuses)
    tried = try_phrase(own, best.phrase, refuses=True, model="north")
    assert tried == best.held_out
    assert 0 < tried.recall.n < 45


def test_a_phrase_without_a_word_is_said(own):
    with pytest.raises(StudioError, match="no word"):
        try_phrase(own, " - ", refuses=True)


def test_without_labels_there_is_nothing_to_mine(tmp_path):
    with create(tmp_path / "none.orbench") as workspace:
        assert mined_phrases(workspace) == []
        assert try_phrase(workspace, "sorry", refuses=True).precision.value is None
