"""Which decisions an export and a data frame mark as in force."""

import json

from orbench_studio.domain.core.annotation import Aspect
from orbench_studio.domain.data.export import Export, Form
from orbench_studio.domain.review.decision import Decision
from orbench_studio.services.data.export_files import export
from orbench_studio.services.data.frames import read_frame
from orbench_studio.services.review import prompt_review


def test_of_decisions_about_the_same_only_the_last_is_in_force(workspace, tmp_path):
    ada, bob = {"annotator": "ada"}, {"annotator": "bob"}
    response = prompt_review.load(workspace, 1).responses[0].response.id
    for who, *decision in (
        (ada, Aspect.LABEL, "safe"),
        (ada, Aspect.LABEL, "controversial"),
        (bob, Aspect.LABEL, "toxic"),
        (ada, Aspect.RECHECK, "safe"),
        (ada, Aspect.NOTE, "first"),
        (ada, Aspect.NOTE, "second"),
        (ada, Aspect.ANSWER_CLASS, "direct_answer", response),
        (ada, Aspect.ANSWER_CLASS, "direct_refusal", response),
        (ada, Aspect.LABEL, "toxic"),
    ):
        prompt_review.decide(workspace, Decision(1, *decision), **who)
    prompt_review.undo(workspace, **ada)
    export(workspace, Export(Form.JSONL, tmp_path / "out", names=True))
    row = json.loads((tmp_path / "out" / "prompts.jsonl").read_text(encoding="utf-8").splitlines()[0])
    made = [*row["annotations"], *(a for r in row["responses"] for a in r.get("annotations", ()))]
    exported = sorted((a["annotator"], a["aspect"], a["value"]) for a in made if a["in_force"])
    assert exported == [
        ("ada", "answer_class", "direct_refusal"),
        ("ada", "label", "controversial"),
        ("ada", "note", "first"),
        ("ada", "note", "second"),
        ("ada", "recheck", "safe"),
        ("bob", "label", "toxic"),
    ]
    frame = read_frame(workspace, "annotations").to_pylist()
    assert sorted((a["annotator"], a["aspect"], a["value"]) for a in frame if a["in_force"]) == exported
