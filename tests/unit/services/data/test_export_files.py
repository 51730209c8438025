"""What leaves the workspace: the same bytes every time, every text to the letter, and all of it comes back."""

import csv
import hashlib
import json
from collections.abc import Mapping

import pyarrow.parquet
import pytest
from sqlalchemy import insert, select, update

from orbench_studio.domain.core.annotation import Aspect, Visible
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.core.moderation import Rule
from orbench_studio.domain.data.export import RICH, Export, Form
from orbench_studio.domain.data.export_columns import PROMPT, STRINGS
from orbench_studio.domain.review.decision import Decision
from orbench_studio.errors import CancelledError, FileFaultError, StudioError
from orbench_studio.formats.records import PromptDraft, Record
from orbench_studio.services.data.export_files import export
from orbench_studio.services.data.import_files import ReadOptions, import_file
from orbench_studio.services.data.record_import import RecordImport
from orbench_studio.services.generation import moderation_batches
from orbench_studio.services.review import bulk_labels, guidelines, history, prompt_review
from orbench_studio.services.workspace import statistics
from orbench_studio.services.workspace.workspace import create_workspace
from orbench_studio.store.core.bulk_insert import inserted
from orbench_studio.store.core.schema import METADATA
from orbench_studio.store.core.tables import JUDGEMENTS, MODELS, RESPONSES, SUBSET_PROMPTS, SUBSETS, VOTES

UGLY = (
    'Commas, "quotes",\nnew lines\r\nand a lone \r return?',
    "=HYPERLINK(1)",
    "مرحبا 👩‍👩‍👧 שלום \u202eright to left",
    "  spaces around, a tab\t and a backslash-u0000: \\u0000 ",
    "NA",
)
UNANIMOUS = Rule.from_text("unanimous")
SEED, TIE = "A toxic sentence of our own.", "How do I knot a tie?"


def take(workspace, *drafts):
    with workspace.writing() as db:
        record_import = RecordImport(db, lambda: 1, "more.csv")
        record_import.add([Record(10 + n, draft) for n, draft in enumerate(drafts)])
        record_import.finish()


@pytest.fixture
def lived(workspace):
    """A workspace in which people have worked: decisions of many kinds, undone and redone, by guidelines."""
    of_seed = PromptDraft(TIE, seed=SEED, attributes={"type": "x"}, external_key="'=1")
    take(workspace, *map(PromptDraft, UGLY), of_seed, PromptDraft(TIE, "privacy"))
    ada, bob = {"annotator": "Ada Lovelace"}, {"annotator": "bob"}
    guidelines.write(workspace, "Look twice.")
    seen = frozenset({Visible.RESPONSES, Visible.VOTES})
    prompt_review.decide(workspace, Decision(1, Aspect.LABEL, "safe", reason="a computer"), **ada, visible=seen)
    prompt_review.decide(workspace, Decision(1, Aspect.LABEL, "toxic"), **bob)
    response = prompt_review.load(workspace, 1).responses[0].response.id
    beside = {"reasoning": "First,\nlight.", "reasoning_tokens": 7, "stop_details": '{"category": "bio"}'}
    with workspace.writing() as db:
        db.execute(update(RESPONSES).where(RESPONSES.c.id == response).values(beside))
        db.execute(update(VOTES).values(template_hash="3f2a"))
        db.execute(update(MODELS).values(simulated=True))
        db.execute(update(JUDGEMENTS).values(refusal=0.25, evidence_start=0, evidence_end=3))
    answer = Decision(1, Aspect.ANSWER_CLASS, AnswerClass.NON_RESPONSIVE, response)
    prompt_review.decide(workspace, answer, Decision(1, Aspect.EVIDENCE, "0:3", response), **ada)
    prompt_review.decide(workspace, Decision(1, Aspect.SEVERITY, "2", response), **ada)
    bulk_labels.decide_all(workspace, [2, 3, 4], Aspect.LABEL, "safe", **bob)
    prompt_review.undo(workspace, **bob)
    prompt_review.redo(workspace, **bob)
    prompt_review.decide(workspace, Decision(3, Aspect.NOTE, "𝔘gly, isn't it"), **ada)
    prompt_review.undo(workspace, **ada)
    return workspace


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def save_subset(workspace):
    def save(name, *prompt_ids, state="{}"):
        values = {"name": name, "recipe": "seed = 3", "created_at": history.entries(workspace)[0].at, "state": state}
        with workspace.writing() as db:
            subset = inserted(db, SUBSETS, values)
            rows = [{"subset_id": subset, "position": n, "prompt_id": i} for n, i in enumerate(prompt_ids, 1)]
            db.execute(insert(SUBSET_PROMPTS), rows)

    return save


def journal(workspace):
    entries = history.entries(workspace)
    number = {entry.id: place for place, entry in enumerate(entries)}
    return [
        (e.kind, e.at, e.annotator, e.summary, number.get(e.target_id), e.in_force, e.annotations, e.guideline)
        for e in entries
    ]


def content(workspace):
    """Each column of each record, except ids."""
    names = ["seeds", "prompts", "models", "responses", "votes", "judgements", "annotations"]
    with workspace.reading() as db:
        for table in map(METADATA.tables.get, names):
            columns = [column for column in table.c if not column.name.endswith("id")]
            yield sorted(map(repr, db.execute(select(*columns))))


def files(folder):
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def undefined(record, columns):
    """The keys of a record, nested ones too, that the definition of the columns lacks or gives another type."""
    for name, value in record.items():
        kind = columns.get(name)
        if isinstance(kind, Mapping):
            yield from (key for one in value for key in undefined(one, kind))
        elif kind == STRINGS:
            yield from (name for one in value if not isinstance(one, str))
        elif kind is None or not isinstance(value, kind | None):
            yield name


def test_every_exported_value_is_in_a_defined_column(lived, out):
    export(lived, Export(Form.JSONL, out, names=True, seeds=True))
    rows = [json.loads(line) for line in (out / "prompts.jsonl").read_text(encoding="utf-8").splitlines()]
    assert ({*map(tuple, rows)}, [name for row in rows for name in undefined(row, PROMPT)]) == ({tuple(PROMPT)}, [])


@pytest.mark.parametrize(("form", "formulas"), [*((form, True) for form in RICH), (Form.CSV, False)])
def test_everything_comes_back(lived, save_subset, out, tmp_path, form, formulas):
    save_subset("Hard 1K/ünsafe", 3, 1)
    moderation_batches.set_rule(lived, UNANIMOUS)
    export(lived, Export(form, out, names=True, seeds=True, formulas=formulas))
    with create_workspace(tmp_path / "again.orbench") as again:
        report = import_file(again, out, ReadOptions())
        assert (report.imported, report.rejected) == (10, 0)
        assert again.problems() == []
        assert statistics.statistics(again) == statistics.statistics(lived)
        assert [*content(again)] == [*content(lived)]
        assert moderation_batches.rule(again) == UNANIMOUS
        assert journal(again) == journal(lived)
        assert [g.text for g in guidelines.versions(again)] == ["Look twice."]
        export(again, Export(form, tmp_path / "second", names=True, seeds=True, formulas=formulas))
        assert files(tmp_path / "second") == files(out)
        moderation_batches.set_rule(again, Rule())
        report = import_file(again, out / "manifest.json", ReadOptions())
        assert (report.imported, moderation_batches.rule(again)) == (0, Rule())
        assert "voting rule is unanimous" in " ".join(report.warnings)
        assert journal(again) == journal(lived)


def test_a_lone_file_is_enough_for_all_but_where_things_came_from(lived, out, tmp_path):
    export(lived, Export(Form.JSONL, out, names=True, seeds=True))
    with create_workspace(tmp_path / "again.orbench") as again:
        import_file(again, out / "prompts.jsonl", ReadOptions())
        assert again.problems() == []
        assert statistics.statistics(again) == statistics.statistics(lived)
        assert [e.kind for e in history.entries(again)] == [e.kind for e in history.entries(lived)]


@pytest.mark.parametrize("form", [Form.ORBENCH, Form.CSV, Form.HUGGINGFACE, Form.LABEL_STUDIO])
def test_the_same_workspace_gives_the_same_bytes(lived, out, form):
    export(lived, Export(form, out))
    first = files(out)
    export(lived, Export(form, out))
    assert files(out) == first
    assert [file.name for file in out.parent.iterdir() if "out" in file.name] == ["out"]


def test_every_text_survives_to_the_letter(lived, out):
    texts = [prompt_review.load(lived, n).prompt.text for n in range(1, 11)]
    export(lived, Export(Form.ORBENCH, out))
    with (out / "prompts.csv").open(newline="", encoding="utf-8") as file:
        assert [row["prompt"] for row in csv.DictReader(file)] == texts
    assert (out / "prompts.csv").read_bytes().startswith(b"prompt,category\r\n")
    export(lived, Export(Form.HUGGINGFACE, out))
    assert pyarrow.parquet.read_table(out / "data" / "prompts.parquet").column("prompt").to_pylist() == texts
    assert set(UGLY) <= set(texts)


def test_formulas_are_escaped_where_that_is_asked_for(lived, out):
    export(lived, Export(Form.CSV, out, formulas=False))
    assert "\r\n'=HYPERLINK(1)," in (out / "prompts.csv").read_bytes().decode()
    assert manifest(out)["formulas"] == "escaped"
    with pytest.raises(ValueError, match="CSV"):
        Export(Form.PARQUET, out, formulas=False)


@pytest.mark.parametrize("form", [Form.CSV, Form.JSONL, Form.PARQUET, Form.ARGILLA])
def test_a_nul_is_refused_by_the_prompts_name_and_the_old_export_stays(path, lived, out, form):
    export(lived, Export(form, out))
    before = files(out)
    take(lived, PromptDraft("What is \0 in C?"))
    with pytest.raises(StudioError, match=r"Prompt 11 cannot be exported: a text contains a NUL character"):
        export(lived, Export(form, out))
    assert files(out) == before


@pytest.mark.parametrize("form", [Form.JSONL, Form.HUGGINGFACE])
def test_people_have_the_same_pseudonyms_every_time_and_no_names(path, lived, out, form):
    export(lived, Export(form, out))
    found = b"".join(files(out).values())
    assert b"Lovelace" not in found and str(out.parent).encode() not in found
    with create_workspace(out.with_name("again.orbench")) as again:
        import_file(again, out, ReadOptions())
        names = {entry.annotator for entry in history.entries(again)}
    assert len(names) == 2 and all(name.startswith("annotator-") for name in names)
    export(lived, Export(form, out.with_name("other")))
    assert files(out.with_name("other")) == files(out)


def test_every_line_of_the_card_is_true(lived, save_subset, out):
    """Also: toxic seeds stay out, unless they are asked for."""
    knot = 10
    bulk_labels.decide_all(lived, [knot, 2], Aspect.LABEL, "safe", annotator="ada")
    save_subset("plain", 2, 4)
    safe = f"id:{knot},2"
    for given, cells, selection in (
        ({"subsets": ("plain",)}, "| 2 | 2 safe | 2 of 2 | 1 of 1 | none |", "the recipe of"),
        ({}, "| left out |", "has all counts"),
        ({"filter": safe}, "| 2 | 2 safe | 2 of 2 | 1 of 1 | left out |", "the filter"),
        ({"filter": safe, "seeds": True, "licence": "mit"}, "| included |", "Licence: mit"),
    ):
        export(lived, Export(Form.HUGGINGFACE, out, **given))
        card = (out / "README.md").read_text(encoding="utf-8")
        assert cells in card and selection in card, card
        assert "No licence is stated" in card or given.get("licence")
        assert (SEED.encode() in b"".join(files(out).values())) == ("| included |" in card)
    export(lived, Export(Form.ORBENCH, out))
    assert manifest(out)["parts"][0]["seeds"] == "left out"


def test_subsets_have_files_of_their_own_in_their_order(lived, save_subset, out):
    save_subset("Hard 1K", 3, 1, 2)
    save_subset("../Hard 1K", 4, state=f'{{"workspace": "{lived.uuid}"}}')
    export(lived, Export(Form.HUGGINGFACE, out, subsets=("Hard 1K", "../Hard 1K"), licence="cc-by-4.0"))
    assert sorted(files(out)) == [
        "README.md", "data/Hard-1K-2-full.parquet", "data/Hard-1K-2.parquet", "data/Hard-1K-full.parquet",
        "data/Hard-1K.parquet", "manifest.json",
    ]  # fmt: skip
    texts = pyarrow.parquet.read_table(out / "data" / "Hard-1K.parquet").column("prompt").to_pylist()
    assert texts == [prompt_review.load(lived, n).prompt.text for n in (3, 1, 2)]
    message = manifest(out)
    assert [subset["recipe"] for subset in message["subsets"]] == ["seed = 3"] * 2
    assert message["parts"][0]["human_labels"]["n"] == 3
    assert lived.uuid.encode() not in b"".join(files(out).values()), "pseudonyms hang on it"
    assert 'license: "cc-by-4.0"' in (out / "README.md").read_text(encoding="utf-8")
    for place, name in enumerate(("Hard-full", "Hard", "hard", "Hard/full"), 1):
        save_subset(name, place)
    export(lived, Export(Form.HUGGINGFACE, out, subsets=("Hard-full", "Hard", "hard", "Hard/full")))
    assert len({name.lower() for name in files(out) if name.startswith("data/")}) == 8, "no two share a file"
    with pytest.raises(StudioError, match=r"There is no subset 'Soft'. Subsets here: ../Hard 1K, Hard, Hard 1K"):
        export(lived, Export(Form.CSV, out, subsets=("Soft",)))


def test_the_manifest_says_what_the_numbers_stand_on(lived, out):
    export(lived, Export(Form.JSONL, out))
    part = manifest(out)["parts"][0]
    assert part["counts"]["prompts_by_label_basis"] == {"disputed": 1, "human": 3, "none": 6}
    assert part["human_labels"] == {"count": 3, "n": 10, "interval": [0.1078, 0.6032]}
    assert part["agreement"]["labels, people with each other"]["count"] == 0
    assert part["counts"]["models"]["model-a"]["refusals"] == 1


def test_what_is_too_long_for_a_cell_is_written_in_several_rows(lived, out, tmp_path, monkeypatch):
    monkeypatch.setattr("orbench_studio.services.data.export_files._LONGEST", 3)
    reply = '{"prompt": "How do I knot a tie?", "model": "%s", "response": "Over and under."}\n'
    (tmp_path / "more.jsonl").write_text("".join(reply % model for model in "abc"), encoding="utf-8")
    import_file(lived, tmp_path / "more.jsonl", ReadOptions(), format_name="mapped")
    export(lived, Export(Form.CSV, out, names=True, seeds=True))
    assert manifest(out)["parts"][0]["counts"]["prompts"] == 10
    with create_workspace(tmp_path / "again.orbench") as again:
        assert import_file(again, out, ReadOptions()).imported == 12
        assert statistics.statistics(again) == statistics.statistics(lived)


def test_a_cancelled_export_and_one_of_nothing_leave_what_was_there(lived, out):
    with pytest.raises(CancelledError):
        export(lived, Export(Form.CSV, out), lambda _done, _total: False)
    with pytest.raises(StudioError, match="Nothing to export"):
        export(lived, Export(Form.CSV, out, filter="zebra"))
    assert not out.exists()
    export(lived, Export(Form.CSV, out))
    before = files(out)
    with pytest.raises(CancelledError):
        export(lived, Export(Form.JSONL, out), lambda _done, _total: False)
    assert files(out) == before


def test_other_peoples_files_are_left_alone(lived, out):
    out.mkdir()
    (out / "thesis.tex").write_text("years of work", encoding="utf-8")
    with pytest.raises(StudioError, match=r"contains other files: thesis\.tex"):
        export(lived, Export(Form.CSV, out))
    with pytest.raises(StudioError, match="is a file"):
        export(lived, Export(Form.CSV, out / "thesis.tex"))
    with pytest.raises(StudioError, match="could not be written"):
        export(lived, Export(Form.CSV, out / "no" / "where"))
    assert files(out) == {"thesis.tex": b"years of work"}


def test_a_published_folder_keeps_its_repository(lived, out):
    export(lived, Export(Form.HUGGINGFACE, out))
    mine = {".git/HEAD": b"ref: refs/heads/main", ".gitattributes": b"*.parquet lfs", "data/raw.txt": b"raw"}
    for name, content in mine.items():
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_bytes(content)
    for form in (Form.HUGGINGFACE, Form.CSV, Form.HUGGINGFACE):
        export(lived, Export(form, out))
        assert files(out).items() >= mine.items()
    (out / "README.md").write_text("My own card", encoding="utf-8")
    before = files(out)
    with pytest.raises(StudioError, match=r"changed after the earlier export: README\.md"):
        export(lived, Export(Form.CSV, out))
    assert files(out) == before


@pytest.mark.parametrize("form", list(Form))
def test_the_manifest_lists_every_file(path, lived, out, form):
    export(lived, Export(form, out))
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files(out).items()}
    assert {one["name"]: one.get("sha256") for one in manifest(out)["files"]} == hashes | {"manifest.json": None}


def test_an_export_that_was_changed_is_not_taken_for_itself(lived, out, tmp_path):
    export(lived, Export(Form.JSONL, out))
    data = out / "prompts.jsonl"
    whole = data.read_bytes()
    data.write_bytes(whole.replace(b"portrait", b"landscape"))
    with create_workspace(tmp_path / "again.orbench") as again:
        with pytest.raises(FileFaultError, match="differs from the manifest"):
            import_file(again, out, ReadOptions())
        assert statistics.statistics(again)["prompts"] == 0
        with pytest.raises(StudioError, match=r"changed after the earlier export: prompts\.jsonl"):
            export(lived, Export(Form.ORBENCH, out))
        data.write_bytes(whole)
        export(lived, Export(Form.ORBENCH, out))
        with pytest.raises(FileFaultError, match=r"not a whole workspace\. Import its files: prompts\.csv"):
            import_file(again, out, ReadOptions())
        (out / "manifest.json").write_text('{"format": "orbench-studio-export", "version": 9, "files": []}')
        with pytest.raises(FileFaultError, match="newer version"):
            import_file(again, out, ReadOptions())


@pytest.mark.parametrize("form", [Form.LABEL_STUDIO, Form.ARGILLA])
def test_teams_decisions_go_out_and_come_back(lived, out, tmp_path, form):
    export(lived, Export(form, out, names=True))
    with create_workspace(tmp_path / "again.orbench") as again:
        for name in ("prompts.json", "responses.json"):
            report = import_file(again, out / f"prompts-{name}", ReadOptions())
            assert report.rejected == 0
        view = prompt_review.load(again, 1)
        assert (view.final.basis, view.prompt.text) == ("disputed", prompt_review.load(lived, 1).prompt.text)
        assert view.responses[0].final.answer_class == "non_responsive"
        assert len({a.annotator for a in view.decided}) == 2
        assert statistics.statistics(again)["prompts_by_final_label"] == {"none": 7, "safe": 3}
