"""The demo shows something of everything, quickly, and says that it is invented."""

import time

import pytest

from orbench_studio import resources_dir
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.core.moderation import Veto
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.services.data.demo import demo_workspace
from orbench_studio.services.review import prompt_review, search
from orbench_studio.services.workspace.statistics import statistics


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with demo_workspace(tmp_path_factory.mktemp("demo") / "demo.orbench") as workspace:
        yield workspace


@pytest.fixture(scope="module")
def views(demo):
    return [prompt_review.load(demo, prompt_id) for prompt_id in search.queue_of(demo, QueueFilter()).ids]


def test_a_broken_line_leaves_no_workspace_behind(tmp_path, monkeypatch):
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "broken.jsonl").write_text('{"text": "cut o')
    monkeypatch.setattr("orbench_studio.services.data.demo.resources", lambda: tmp_path)
    with pytest.raises(ValueError):
        demo_workspace(tmp_path / "demo.orbench")
    assert not (tmp_path / "demo.orbench").exists()


def test_it_is_marked_as_invented(demo, views):
    assert demo.illustrative
    assert all(answer.response.simulated for view in views for answer in view.responses)


def test_it_covers_every_category(demo):
    counted = statistics(demo)
    assert counted["prompts"] >= 60
    assert set(counted["prompts_by_category"]) == set(Category)
    assert counted["seeds"] > 0


def test_it_has_vetoes_disagreements_and_votes_nobody_could_read(views):
    assert sum(view.consensus.veto is Veto.OVERRULED for view in views) >= 2
    assert sum(view.consensus.disagreement for view in views) >= 5
    assert any(view.consensus.unparsed for view in views)


def test_it_has_responses_of_every_final_answer_class(demo):
    found = set(statistics(demo)["responses_by_answer_class"]) - {"none"}
    # Those that are cut off have been judged; the local judge, which may abstain, has not run.
    assert found == set(AnswerClass) - {AnswerClass.TRUNCATED, AnswerClass.ABSTAINED}


def test_evidence_points_into_the_response(views):
    answers = [answer.response for view in views for answer in view.responses]
    spans = [(a.text, j.evidence) for a in answers for j in a.judgements if j.evidence]
    assert len(spans) >= 20
    assert all(0 <= start < end <= len(text) for text, (start, end) in spans)


def test_nothing_is_wrong_with_it(demo):
    assert demo.problems() == []


def test_it_is_made_in_less_than_a_second(tmp_path):
    began = time.process_time()
    demo_workspace(tmp_path / "demo.orbench").close()
    assert time.process_time() - began < 1


def test_resources_are_beside_the_package_or_in_it(tmp_path, monkeypatch):
    assert (resources_dir.resources() / "demo").is_dir()
    (tmp_path / "resources").mkdir()
    monkeypatch.setattr(resources_dir, "_PACKAGE", tmp_path)
    assert resources_dir.resources() == tmp_path / "resources"
