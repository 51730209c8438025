"""The report: what it says of models and people, and that nothing in it is more than text."""

from datetime import UTC, datetime

import pytest

from orbench_studio.domain.annotation import Aspect
from orbench_studio.domain.review import Decision
from orbench_studio.errors import CancelledError
from orbench_studio.figures import drawing
from orbench_studio.services import auditing, reporting, reviewing
from tests.unit.services.audited_workspace import MODELS, bring, create, record

HOSTILE = "<script>alert(1)</script> & $co_1$"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A report with one figure, of a workspace in which two people have decided and a model has an ugly name."""
    monkeypatch.setattr(drawing, "FIGURES", {"heat": drawing.FIGURES["heat"]})
    with create(tmp_path / "audited.orbench", prompts=30) as workspace:
        bring(workspace, [record(number, models=(HOSTILE,)) for number in range(30)])
        for prompt_id in range(1, 11):
            for who in ("ada", "ben"):
                reviewing.decide(workspace, Decision(prompt_id, Aspect.LABEL, "safe"), annotator=who)
        ledger = auditing.read(workspace)
        origin = reporting.provenance(workspace)
        yield reporting.report(origin, ledger, auditing.Choice(), NOW), workspace.uuid, tmp_path


def test_a_report_says_what_it_stands_on_and_what_people_say(made):
    report, uuid, folder = made
    reporting.write_html(report, folder / "report.html")
    page = (folder / "report.html").read_text(encoding="utf-8")
    for said in (uuid, "2026-11-21", *MODELS, "Wilson", "Without siblings", "People against machines", "ada and ben"):
        assert said in page
    assert "gate (moderator)" in page
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_as_markdown_it_says_the_same(made):
    report, uuid, folder = made
    reporting.write_markdown(report, folder / "report.md", {"heat": "figures/heat-light.png"})
    text = (folder / "report.md").read_text(encoding="utf-8")
    assert uuid in text
    assert "<script" not in text
    assert "(figures/heat-light.png)" in text


def test_it_can_be_cancelled(made, tmp_path):
    with create(tmp_path / "other.orbench") as workspace:
        ledger = auditing.read(workspace)
        origin = reporting.provenance(workspace)
        with pytest.raises(CancelledError):
            reporting.report(origin, ledger, auditing.Choice(), NOW, on_progress=lambda _done, _total: False)
