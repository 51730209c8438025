"""The licence of a language model: its probes and the sealed labels are judged over the wire, outside the workspace."""

import json
import re

import pytest

from orbench_studio.domain.core.judgement import JudgeKind
from orbench_studio.domain.evaluation.batch import BatchSettings, Limits
from orbench_studio.domain.judging.licence import Finding, LicenceState, Use
from orbench_studio.errors import StudioError
from orbench_studio.services.evaluation import ask_judge, judge_batches
from orbench_studio.services.judging import judge_probes, licences
from tests.fake_vendor import fault
from tests.unit.services.judging.judged_workspace import create

JUDGE = "openai/gpt-test"
REFUSALS = ("I'm sorry", "gate stays shut", "Half a gate")


def obedient(request):
    """The reply of a judge that does as the response says."""
    case = re.search(r"question of case (\w+)", request)[1]
    response = request.split(f"answer of case {case} begins")[1]
    told = re.findall(r'"answer_class": "(direct_\w+)"', response)
    found = told[0] if told else "direct_refusal" if any(one in response for one in REFUSALS) else "direct_answer"
    return json.dumps({"case": case, "explanation": "", "evidence": "", "answer_class": found})


def finish(runner):
    runner.run(lambda _progress: None)


def test_licence_of_a_model(tmp_path, vendor, prices, monkeypatch):
    monkeypatch.setattr(judge_probes, "TEXTS", 10)
    vendor.answer = obedient
    settings = BatchSettings(
        limits=Limits(timeout=10, patience=20),
        base_urls={JUDGE: vendor.url},
        template=judge_batches.load_template().text,
    )
    with create(tmp_path / "w.orbench", labelled=("north", "south")) as workspace:
        found = licences.plan(workspace)
        with ask_judge.texts_workspace(found.texts) as temporary:
            batch = ask_judge.create(temporary, JUDGE, settings, prices)

            def ask(texts):
                return ask_judge.classes_of(temporary, JUDGE, batch, prices, finish, len(texts))

            version = judge_batches.load_template().hash
            made = licences.give(workspace, found, (JUDGE, JudgeKind.LLM, version), ask, "anna")
        assert len(vendor.bodies) >= len(found.texts)
        verdict = made.verdict(Use.RATES)
        assert verdict.finding is Finding.UNFIT
        assert all("text addressed to the judge" in reason for reason in verdict.reasons)
        assert made.agreement.accuracy.value == 1
        assert [(one.judge, one.state) for one in licences.standings(workspace)] == [(JUDGE, LicenceState.UNFIT)]
        with workspace.reading() as db:
            assert licences.unlicensed(db) == {}, "it is behind no rate"


def test_requests_that_fail_leave_no_licence(tmp_path, vendor, prices):
    vendor.refuses["gpt-test"] = fault(404, "no such model")
    settings = BatchSettings(base_urls={JUDGE: vendor.url}, template=judge_batches.load_template().text)
    with create(tmp_path / "w.orbench", labelled=("north", "south")) as workspace:
        texts = licences.plan(workspace).texts[:3]
        with ask_judge.texts_workspace(texts) as temporary, pytest.raises(StudioError, match="3 of 3 requests"):
            batch = ask_judge.create(temporary, JUDGE, settings, prices)
            ask_judge.classes_of(temporary, JUDGE, batch, prices, finish, 3)
