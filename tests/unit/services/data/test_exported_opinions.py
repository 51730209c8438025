"""Opinions come back from an export as they were stored: all of them, in their order, and none twice."""

import json

import pytest
from sqlalchemy import select, update

from orbench_studio.domain.data.export import RICH, Export, Form
from orbench_studio.services.data.export_files import export
from orbench_studio.services.data.import_files import ColumnMapping, Field, ReadOptions, import_file
from orbench_studio.services.review import history, prompt_review
from orbench_studio.services.workspace.statistics import statistics
from orbench_studio.services.workspace.workspace import create_workspace
from orbench_studio.store.core.tables import ANNOTATIONS, JUDGEMENTS, VOTES

NAMES = ("q", "r", "label", "why", "class", "prompt_verdict", "response_verdict")
A = ("safe", "x", "full_refusal", "safe", "safe")
B = ("toxic", "y", "full_compliance", "toxic", "toxic")
OTHER_NOTE = ("safe", "z", "full_refusal", "safe", "safe")
BY_PEOPLE = {
    Field.PROMPT: "q", Field.RESPONSE: "r", Field.PROMPT_LABEL: "label", Field.ANSWER_CLASS: "class",
    Field.REASON: "why",
}  # fmt: skip
BY_MODELS = {
    Field.PROMPT: "q", Field.RESPONSE: "r", Field.ANSWER_CLASS: "class", Field.PROMPT_VERDICT: "prompt_verdict",
    Field.RESPONSE_VERDICT: "response_verdict",
}  # fmt: skip
PEOPLE = ColumnMapping(BY_PEOPLE, {Field.MODEL: "oak", Field.ANNOTATOR: "bob"})
MODELS = ColumnMapping(BY_MODELS, {Field.MODEL: "oak", Field.JUDGE: "elm", Field.MODERATOR: "ash"})


def _subject(table):
    return [table.c[name] for name in ("response_id", "aspect") if name in table.c]


def stated(workspace):
    """Everything that is stated about a subject, in the order in which it was, and what counts."""
    columns = {ANNOTATIONS: "response_id aspect value reason", JUDGEMENTS: "answer_class", VOTES: "response_id verdict"}
    with workspace.reading() as db:
        rows = [
            db.execute(select(*(table.c[name] for name in names.split())).order_by(*_subject(table), table.c.id)).all()
            for table, names in columns.items()
        ]
    view = prompt_review.load(workspace, 1)
    return rows, view.final.label, view.consensus.label, view.responses[0].final.answer_class


@pytest.mark.parametrize("mapping", [PEOPLE, MODELS], ids=["people", "models"])
@pytest.mark.parametrize(
    ("order", "several", "forms"),
    [
        ((A, B, A), False, tuple(RICH)),
        ((A, A, B, B, A, B), False, (Form.JSONL,)),
        ((A, OTHER_NOTE, B, A), True, (Form.JSONL,)),
    ],
)
def test_opinions_come_back_in_their_order(tmp_path, mapping, order, several, forms):
    rows = [json.dumps(dict(zip(NAMES, ("May I?", "No.", *opinion), strict=True))) for opinion in order]
    parts = rows if several else ["\n".join(rows)]
    with create_workspace(tmp_path / "a.orbench") as workspace:
        for at, part in enumerate(parts):
            (tmp_path / f"{at}.jsonl").write_text(part)
            report = import_file(workspace, tmp_path / f"{at}.jsonl", ReadOptions(mapping=mapping))
        if order == (A, B, A):
            assert (report.imported, report.duplicates) == (len(rows) // len(parts), 0), "each row is stored"
        before, counts, entries = stated(workspace), statistics(workspace), len(history.entries(workspace))
        import_file(workspace, tmp_path / "0.jsonl", ReadOptions(mapping=mapping))
        assert len(history.entries(workspace)) == entries or several
        for form in forms:
            export(workspace, Export(form, tmp_path / form, names=True))
    lone = tmp_path / "alone.jsonl"
    lone.write_bytes((tmp_path / Form.JSONL / "prompts.jsonl").read_bytes())
    for source in (*(tmp_path / form for form in forms), lone):
        with create_workspace(tmp_path / f"{source.name}.orbench") as copy:
            for _ in range(2):
                report = import_file(copy, source, ReadOptions())
                assert stated(copy) == before, source.name
            assert report.added == {}
            if source is not lone:
                assert statistics(copy) == counts


def test_an_export_adds_nothing_to_its_own_workspace(workspace, tmp_path):
    """Votes of batches have other identities than those of files."""
    rows = [json.dumps(dict(zip(NAMES, ("May I?", "No.", *opinion), strict=True))) for opinion in (A, B, A)]
    (tmp_path / "a.jsonl").write_text("\n".join(rows))
    import_file(workspace, tmp_path / "a.jsonl", ReadOptions(mapping=MODELS))
    with workspace.writing() as db:
        for (vote_id,) in db.execute(select(VOTES.c.id)).all():
            db.execute(update(VOTES).where(VOTES.c.id == vote_id).values(identity=b"%16d" % vote_id))
    export(workspace, Export(Form.JSONL, tmp_path / "out"))
    assert import_file(workspace, tmp_path / "out", ReadOptions()).added == {}
