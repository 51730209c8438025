"""Whatever the order of rows and files, and however often: the same things are there in the end."""

import csv
from itertools import permutations

import pytest
from sqlalchemy import update

from orbench_studio.domain.data.export import Export
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.services.data.export_files import export
from orbench_studio.services.data.import_files import ColumnMapping, Field, ReadOptions, import_file
from orbench_studio.services.review import prompt_review, search
from orbench_studio.services.workspace.statistics import statistics
from orbench_studio.services.workspace.workspace import create_workspace
from orbench_studio.store.core.tables import RESPONSES

KEYED = ColumnMapping({Field.PROMPT: "prompt", Field.KEY: "key", Field.RESPONSE: "answer"}, {Field.MODEL: "m"})


def write(path, header, *rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def bring(workspace, file, **options):
    return import_file(workspace, file, ReadOptions(**options))


@pytest.fixture
def fresh(tmp_path):
    made = []

    def make():
        made.append(create_workspace(tmp_path / f"w{len(made)}.orbench"))
        return made[-1]

    yield make
    for workspace in made:
        assert workspace.problems() == []
        workspace.close()


def test_what_a_later_row_of_the_same_file_adds_is_kept(fresh, tmp_path):
    workspace = fresh()
    file = write(tmp_path / "p.csv", ("prompt", "category"), ("May I?", ""), ("May I?", "hate"))
    bring(workspace, file)
    assert statistics(workspace)["prompts_by_category"] == {"hate": 1}
    assert bring(workspace, file).imported == 0


def test_one_text_under_two_keys_and_one_key_for_two_texts(fresh, tmp_path):
    workspace = fresh()
    bring(workspace, write(tmp_path / "p.csv", ("prompt", "category"), ("One?", "")))
    rows = (("One?", "k1", "a"), ("Uno?", "k1", "b"), ("One?", "k2", "c"), ("Tre?", "k2", "d"), ("One?", "k2", "e"))
    file = write(tmp_path / "keyed.csv", ("prompt", "key", "answer"), *rows)
    bring(workspace, file, mapping=KEYED)
    before = statistics(workspace)
    assert (before["prompts"], before["responses"]) == (2, 5)
    assert bring(workspace, file, mapping=KEYED).imported == 0
    assert statistics(workspace) == before


def test_the_source_s_final_class_may_come_later(fresh, tmp_path):
    plain = write(tmp_path / "plain.csv", ("prompt", "model", "response"), ("May I?", "m", "No."))
    classed = ("prompt", "model", "response", "answer_class")
    classed = write(tmp_path / "classed.csv", classed, ("May I?", "m", "No.", "direct_refusal"))
    ours = ColumnMapping({Field.PROMPT: "prompt", Field.MODEL: "model", Field.RESPONSE: "response"})
    more = ColumnMapping({**ours.columns, Field.ANSWER_CLASS: "answer_class"})
    counts = []
    for order in permutations([(plain, ours), (classed, more)]):
        workspace = fresh()
        for file, mapping in order:
            bring(workspace, file, mapping=mapping)
        counts.append(statistics(workspace)["responses_by_answer_class"])
        assert search.queue_rows(workspace, search.queue_of(workspace, QueueFilter()).ids)[0].refusals == 1
    assert counts == [{"direct_refusal": 1}] * 2


def test_a_row_with_the_text_of_a_batch_s_response_is_about_that_response(fresh, tmp_path):
    """So it is with the text of a sample: both have identities of their own."""
    workspace = fresh()
    header = ("prompt", "model", "response", "human")
    rows = [("May I?", "m", text, "direct_refusal") for text in ("No.", "Never.")]
    columns = {Field.PROMPT: "prompt", Field.MODEL: "model", Field.RESPONSE: "response", Field.ANSWER_CLASS: "human"}
    bring(
        workspace, write(tmp_path / "a.csv", header, rows[0]), mapping=ColumnMapping(columns, {Field.ANNOTATOR: "ada"})
    )
    with workspace.writing() as db:
        db.execute(update(RESPONSES).values(identity=b"a batch item 017"))
    file = write(tmp_path / "b.csv", header, *rows)
    report = bring(workspace, file, mapping=ColumnMapping(columns, {Field.ANNOTATOR: "bob"}))
    assert report.added == {"responses": 1, "annotations": 2}
    assert {a.annotator for a in prompt_review.load(workspace, 1).responses[0].decided} == {"ada", "bob"}


def test_the_order_of_xstest_s_files_does_not_matter(fresh, tmp_path):
    prompts = ("id", "prompt", "type", "label", "focus", "note")
    prompts = write(tmp_path / "prompts.csv", prompts, ("7", "May I pat it?", "homonyms", "safe", "pat", "animals"))
    header = ("id", "type", "prompt", "completion", "annotation_1", "annotation_2", "final_label")
    labels = ("1_full_compliance", "3_partial_refusal", "1_full_compliance")
    completions = write(tmp_path / "completions_m.csv", header, ("v2-7", "homonyms", "May I pat it?", "Yes.", *labels))
    found = []
    for order in permutations([prompts, completions]):
        workspace = fresh()
        for file in order:
            bring(workspace, file)
        view = prompt_review.load(workspace, 1)
        found.append((dict(view.prompt.attributes), view.final, view.responses[0].final))
        assert bring(workspace, order[0]).imported == 0
    assert found[0] == found[1]
    assert found[0][0] == {"type": "homonyms", "focus": "pat", "note": "animals"}


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_near_copies_in_one_file_are_counted_or_joined(fresh, tmp_path, order):
    texts = ["May I pat it?", "May I  pat it?", "May I pat\nit?"]
    rows = [(texts[at], "") for at in order]
    file = write(tmp_path / "p.csv", ("prompt", "category"), *rows, ("And this?", ""), rows[0])
    for join, prompts in ((False, 4), (True, 2)):
        workspace = fresh()
        notes = bring(workspace, file, join_near=join).notes
        assert [count for note, count in notes.items() if "only in white space" in note] == [2]
        assert statistics(workspace)["prompts"] == prompts
        assert bring(workspace, file, join_near=join).imported == 0


@pytest.mark.parametrize("batch", [1, 2_000])
@pytest.mark.parametrize("order", ["abb", "abc", "bbc", "bab", "bca"])
def test_near_copies_of_near_copies_are_joined(fresh, tmp_path, monkeypatch, batch, order):
    monkeypatch.setattr("orbench_studio.services.data.import_files.BATCH", batch)
    texts = {"a": "Isn't it?", "b": "Isn’t it?", "c": "Isn’t  it?"}
    workspace = fresh()
    bring(
        workspace, write(tmp_path / "p.csv", ("prompt", "category"), *((texts[n], "") for n in order)), join_near=True
    )
    assert statistics(workspace)["prompts"] == 1


@pytest.mark.parametrize("space", ["\u3000", "\u00a0", "\x0b", "\u2003", "\n\t "])
def test_an_answer_that_begins_with_any_white_space_is_no_empty_one(fresh, tmp_path, space):
    workspace = fresh()
    header = ("prompt", "is_rejected", "response", "category")
    rows = (("May I?", "True", f"{space}对不起，我不能。", "hate"), ("Or this?", "True", space, "hate"))
    bring(workspace, write(tmp_path / "responses_m.csv", header, *rows))
    assert statistics(workspace)["responses_by_answer_class"] == {"direct_refusal": 1, "empty": 1}


def test_a_moderator_s_failure_takes_no_vote_back(fresh, tmp_path):
    header = ("prompt", "category", "is_toxic", "moderation_result")
    voted = write(
        tmp_path / "x_moderation_merged_north_prompt.csv",
        header,
        ("May I?", "none", "False", "Fine. [[11. None of the above]]"),
    )
    failed = write(tmp_path / "x_moderation_failed_north_prompt.csv", ("prompt", "error_message"), ("May I?", "503"))
    for order in permutations([voted, failed]):
        workspace = fresh()
        for file in order:
            bring(workspace, file)
        assert prompt_review.load(workspace, 1).consensus.label == "safe"


def test_an_opinion_restated_after_another_counts_again(fresh, tmp_path):
    workspace = fresh()
    header = ("prompt", "label", "annotator")
    mapping = ColumnMapping({Field.PROMPT: "prompt", Field.LABEL: "label", Field.ANNOTATOR: "annotator"})
    files = {value: write(tmp_path / f"{value}.csv", header, ("May I?", value, "ann")) for value in ("safe", "toxic")}
    for value in ("safe", "toxic", "safe"):
        bring(workspace, files[value], mapping=mapping)
        assert prompt_review.load(workspace, 1).final.label == value
    assert bring(workspace, files["safe"], mapping=mapping).added == {}
    both = write(tmp_path / "both.csv", header, ("May I?", "safe", "ann"), ("May I?", "toxic", "ann"))
    for _ in range(2):
        bring(workspace, both, mapping=mapping)
        assert prompt_review.load(workspace, 1).final.label == "toxic"
    assert statistics(workspace)["annotations"] == 4


STATED = {
    Field.PROMPT: "q", Field.RESPONSE: "r", Field.ANSWER_CLASS: "c", Field.PROMPT_VERDICT: "v",
    Field.RESPONSE_VERDICT: "w",
}  # fmt: skip
OPINIONS = ("full_refusal", "safe", "safe"), ("full_compliance", "toxic", "toxic")


def latest(workspace):
    """The classes of the one response, and the verdicts on it and its prompt, as they count."""
    view = prompt_review.load(workspace, 1)
    return view.responses[0].final.answer_class, view.consensus.label, statistics(workspace)["votes"]


@pytest.mark.parametrize("several", [False, True])
def test_a_judge_or_moderator_may_return_to_an_earlier_opinion(fresh, tmp_path, several):
    workspace, names = fresh(), {Field.MODEL: "m", Field.JUDGE: "j", Field.MODERATOR: "g"}
    mapping = ColumnMapping(STATED, names)
    rows = [("May I?", "No.", *OPINIONS[at]) for at in (0, 1, 0)]
    parts = [[row] for row in rows] if several else [rows]
    files = [write(tmp_path / f"{at}.csv", ("q", "r", "c", "v", "w"), *part) for at, part in enumerate(parts)]
    for file in files:
        bring(workspace, file, mapping=mapping)
    assert latest(workspace) == ("direct_refusal", "safe", 6)
    assert bring(workspace, files[-1], mapping=mapping).added == {}
    export(workspace, Export("jsonl", tmp_path / "out", names=True))
    copy = fresh()
    for _ in range(2):
        bring(copy, tmp_path / "out")
        assert latest(copy) == ("direct_refusal", "safe", 6)


def test_a_decision_restated_in_a_file_comes_back_from_an_export(fresh, tmp_path):
    workspace, copy = fresh(), fresh()
    mapping = ColumnMapping({Field.PROMPT: "q", Field.LABEL: "l", Field.REASON: "r"}, {Field.ANNOTATOR: "ann"})
    rows = [("May I?", label, why) for label, why in (("safe", "x"), ("toxic", "y"), ("safe", "x"))]
    bring(workspace, write(tmp_path / "a.csv", ("q", "l", "r"), *rows), mapping=mapping)
    export(workspace, Export("jsonl", tmp_path / "out", names=True))
    for _ in range(2):
        bring(copy, tmp_path / "out")
        assert prompt_review.load(copy, 1).final.label == "safe" == prompt_review.load(workspace, 1).final.label
        assert statistics(copy)["annotations"] == statistics(workspace)["annotations"] == 3
