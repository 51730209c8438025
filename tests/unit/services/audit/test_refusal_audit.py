"""The audit compared with a plain recount after every kind of change, and the queue behind each rate."""

import re
import shutil
from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from orbench_studio.domain.audit.refusal_rates import FINAL, PEOPLE, AuditOptions, Drop, Group, Labels
from orbench_studio.domain.core.annotation import Aspect, Label
from orbench_studio.domain.core.judgement import ANSWERS, AnswerClass, Refusals
from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.query import parse
from orbench_studio.domain.review.queue import Field, QueueFilter, Term
from orbench_studio.errors import StudioError
from orbench_studio.formats.records import PromptDraft, Record, ResponseDraft
from orbench_studio.services.audit import audit_counts, refusal_audit
from orbench_studio.services.curation import near_duplicates
from orbench_studio.services.judging import builtin_judges, run_judges
from orbench_studio.services.review import bulk_labels, prompt_review, search
from orbench_studio.services.workspace.workspace import create_workspace, open_workspace
from tests.unit.services.audit.audited_workspace import MODELS, bring, create, record, recount, views

PROMPTS = 12
READER = "reader (llm)"
CHOICES = [
    AuditOptions(labels, answers, assume_safe)
    for labels in Labels
    for answers in (FINAL, PEOPLE, READER)
    for assume_safe in (False, True)
] + [AuditOptions(refusals=Refusals.WORDS), AuditOptions(answers=READER, refusals=Refusals.WORDS_AND_STOP)]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("audited") / "audited.orbench"
    create(path, PROMPTS).close()
    return path


@pytest.fixture
def workspace(made, tmp_path):
    with open_workspace(shutil.copy(made, tmp_path / "audited.orbench")) as workspace:
        yield workspace


def counted(found):
    """An audit in the shape of a recount."""
    names = [*map(str, refusal_audit.store.CLASSES), "unjudged"]
    return {
        (*key, name): count
        for key, tally in found.cells.items()
        for name, count in zip(names, tally.counts, strict=True)
        if count
    }


def check(workspace, counts):
    """Check every table against a recount."""
    shown = views(workspace)
    counts = audit_counts.with_judge(counts, workspace, READER)
    for options in CHOICES:
        found = refusal_audit.audit(counts, options)
        cells, prompts, _ = recount(shown, options)
        assert counted(found) == cells, options
        assert {group: found.count(group) for group in Group if found.count(group)} == prompts, options
    return counts


def decide(workspace, *decision):
    return prompt_review.decide(workspace, Decision(*decision), annotator="ada")


def test_the_line_of_answer_classes_agrees_with_the_cells(workspace):
    found = refusal_audit.audit(audit_counts.read(workspace), AuditOptions())
    judged, stopped = sum(tally.judged for tally in found.cells.values()), found.judged_by_people.n
    assert judged > stopped, "some responses were blocked"
    end = f"; {judged - stopped:,} more, refused by stop reason or blocked by a filter, need none"
    assert found.class_sources.endswith(end)
    assert found.judged_by_people.count + sum(found.class_counts.values()) == stopped, "each class has one source"
    of_judge = refusal_audit.audit(check(workspace, audit_counts.read(workspace)), AuditOptions(answers=READER))
    assert of_judge.class_counts == {READER: of_judge.judged_by_people.n}


def test_every_table_equals_a_recount(workspace):
    check(workspace, audit_counts.read(workspace))


LABEL = st.tuples(st.just("label"), st.integers(1, PROMPTS), st.sampled_from(["safe", "toxic", "controversial"]))
CLASS = st.tuples(st.just("class"), st.integers(0, 30), st.sampled_from(ANSWERS))
CATEGORY = st.tuples(st.just("category"), st.integers(1, PROMPTS), st.sampled_from(["privacy", "deception"]))
BULK = st.tuples(st.just("bulk"), st.sets(st.integers(1, PROMPTS), min_size=1), st.sampled_from(["safe", "toxic"]))
PLAIN = st.tuples(st.sampled_from(["undo", "redo", "rules"]))
IMPORT = st.tuples(st.just("import"), st.integers(0, PROMPTS + 3), st.integers(0, 2))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.one_of(LABEL, CLASS, CATEGORY, BULK, PLAIN, IMPORT), min_size=1, max_size=7))
def test_updated_counts_equal_fresh_counts_after_any_change(made, tmp_path, changes):
    path = tmp_path / "changed.orbench"
    path.unlink(missing_ok=True)
    with open_workspace(shutil.copy(made, path)) as workspace:
        counts = audit_counts.read(workspace)
        for change in changes:
            counts = audit_counts.with_judge(counts, workspace, READER)
            counts = audit_counts.refreshed(counts, workspace, done(workspace, *change))
        counts = check(workspace, counts)
        fresh = audit_counts.with_judge(audit_counts.read(workspace), workspace, READER)
        for name in ("table", "machine", "filled"):
            assert (getattr(counts, name) == getattr(fresh, name)).all()


def done(workspace, kind, *what):
    """Make a change and return the ids of the changed prompts; None if unknown."""
    if kind in ("undo", "redo"):
        return getattr(prompt_review, kind)(workspace, annotator="ada").prompt_ids
    if kind == "rules":
        return run_judges.judge(workspace, builtin_judges.rules(workspace)).changes.prompt_ids
    if kind == "import":
        bring(workspace, [record(what[0], again=what[1])])
        return None
    if kind == "bulk":
        return bulk_labels.decide_all(workspace, sorted(what[0]), Aspect.LABEL, what[1], annotator="ada").prompt_ids
    if kind == "class":
        responses = [(view.prompt.id, one.response.id) for view in views(workspace) for one in view.responses]
        prompt_id, response_id = responses[what[0] % len(responses)]
        return decide(workspace, prompt_id, Aspect.ANSWER_CLASS, what[1], response_id).prompt_ids
    return decide(workspace, what[0], Aspect(kind), what[1]).prompt_ids


def test_responses_added_since_the_last_read_are_counted(workspace):
    counts = audit_counts.read(workspace)
    bring(workspace, [record(2, again=1)])
    decide(workspace, 3, Aspect.LABEL, "safe")
    check(workspace, audit_counts.refreshed(counts, workspace, (3,)))


def test_a_changed_label_searches_no_table(workspace):
    counts, statements = audit_counts.read(workspace), []
    prompt_id = decide(workspace, 3, Aspect.LABEL, "toxic").prompt_ids
    with workspace.reading() as db:
        engine = db.engine
    note = lambda _db, _cursor, statement, values, *_: statements.append((statement, values))
    event.listen(engine, "before_cursor_execute", note)
    audit_counts.refreshed(counts, workspace, prompt_id)
    event.remove(engine, "before_cursor_execute", note)
    with workspace.reading() as db:
        plans = [step[3] for one in statements for step in db.exec_driver_sql(f"EXPLAIN QUERY PLAN {one[0]}", one[1])]
    large = ("prompts", "prompt_states", "responses", "response_states", "judgements", "votes", "annotations")
    assert plans
    assert [step for step in plans if re.match(rf"SCAN ({'|'.join(large)})\b", step)] == []


def test_a_category_that_is_new_gets_cells_of_its_own(workspace):
    counts = audit_counts.read(workspace)
    changed = decide(workspace, 1, Aspect.CATEGORY, "medicine")
    counts = audit_counts.refreshed(counts, workspace, changed.prompt_ids)
    assert "medicine" in counts.categories
    check(workspace, counts)


@pytest.mark.parametrize("options", CHOICES[::3] + CHOICES[1:2] + CHOICES[-1:])
def test_the_queue_of_a_cell_has_exactly_its_prompts(workspace, options):
    decide(workspace, 1, Aspect.LABEL, "safe")
    decide(workspace, 2, Aspect.LABEL, "toxic")
    prompt_review.decide(workspace, Decision(1, Aspect.LABEL, "toxic"), annotator="ben")
    counts = audit_counts.with_judge(audit_counts.read(workspace), workspace, READER)
    shown = views(workspace)
    *_, behind = recount(shown, options)
    for group in (Group.SAFE, Group.TOXIC):
        for model in MODELS:
            for category in (None, *refusal_audit.audit(counts, options).categories):
                queue = search.queue_of(workspace, refusal_audit.cell(counts, options, group, model, category))
                expected = {i for g, m, c, i in behind if (g, m) == (group, model) and category in (None, c)}
                assert set(queue.ids) == expected, (group, model, category)


def test_thousands_of_prompts_can_be_named_one_by_one(workspace):
    query = QueueFilter((Term(Field.ID, tuple(map(str, range(2, 2_002)))),))
    assert list(search.queue_of(workspace, query).ids) == list(range(2, PROMPTS + 1))


def test_dropped_prompts_are_not_counted(workspace):
    for prompt_id, label in ((1, "toxic"), (2, "controversial"), (3, "safe")):
        decide(workspace, prompt_id, Aspect.LABEL, label)
    near = near_duplicates.search(near_duplicates.texts(workspace), 0.7)
    near_duplicates.save_groups(workspace, near)
    groups = defaultdict(set)
    for prompt_id, member in near.members.items():
        groups[member.group_id].add(prompt_id)
    counts, shown = audit_counts.read(workspace), views(workspace)
    split = {view.prompt.id for view in shown if view.consensus.disagreement}
    first = {}
    for view in shown:
        if view.prompt.seed:
            first.setdefault(view.prompt.seed.text, view.prompt.id)
    siblings = {v.prompt.id for v in shown if v.prompt.seed and first[v.prompt.seed.text] != v.prompt.id}
    expected = {
        Drop.CONTROVERSIAL: split | {2},
        Drop.HUMAN_TOXIC: {1},
        Drop.SIBLINGS: siblings,
        Drop.NEAR_DUPLICATES: {one for one in near.members if one != min(groups[near.members[one].group_id])},
        Drop.SELF_JUDGED: set(counts.self_judged),
    }
    for drop, gone in expected.items():
        options = AuditOptions(Labels.CONSENSUS, dropped=frozenset({drop}))
        remaining = [view for view in shown if view.prompt.id not in gone]
        cells, prompts, _ = recount(remaining, replace(options, dropped=frozenset()))
        found = refusal_audit.audit(counts, options)
        assert gone
        assert counted(found) == cells, drop
        assert {group: found.count(group) for group in Group if found.count(group)} == prompts


def test_self_judged_prompts_are_found(workspace):
    counts = audit_counts.read(workspace)
    for view in views(workspace):
        verdicts = {vote.moderator: vote.verdict for vote in view.votes if vote.response_id is None}
        others = [verdict for moderator, verdict in verdicts.items() if moderator != "east"]
        left = {2 * others.count(verdict) > len(others): verdict for verdict in ("safe", "toxic")}
        assert (view.prompt.id in counts.self_judged) == (left.get(True) != view.consensus.label)


def test_an_unknown_judge_raises_with_the_list_of_judges(workspace):
    with pytest.raises(StudioError, match=r"“nobody”.*final, people, reader \(llm\), words \(rule\)"):
        audit_counts.with_judge(audit_counts.read(workspace), workspace, "nobody")


def test_an_empty_workspace_has_an_empty_audit(tmp_path):
    with create(tmp_path / "empty.orbench", prompts=0) as workspace:
        found = refusal_audit.audit(audit_counts.read(workspace), AuditOptions())
    assert (found.models, found.categories, found.cells) == ((), (), {})
    assert found.labelled_by_people.n == 0


def test_prompts_that_a_vendor_refused_are_in_the_rate_the_cell_and_the_query(tmp_path):
    with create_workspace(tmp_path / "vendor.orbench") as workspace:
        stops = [StopReason.REFUSED] * 180 + [StopReason.STOP] * 55
        drafts = [
            ResponseDraft("vendor/a", "" if stop is StopReason.REFUSED else "Like this.", stop, reference_class=kind)
            for stop, kind in zip(stops, [None] * 180 + [AnswerClass.DIRECT_ANSWER] * 55, strict=True)
        ]
        prompts = [PromptDraft(f"How do I tie knot {n}?", reference_label=Label.SAFE) for n in range(len(stops))]
        both = enumerate(zip(prompts, drafts, strict=True))
        bring(workspace, [Record(n + 2, prompt, (), (draft,)) for n, (prompt, draft) in both])
        counts, options = audit_counts.read(workspace), AuditOptions()
        tally = refusal_audit.audit(counts, options).tally(Group.SAFE, "vendor/a")
        assert (tally.refusal.count, tally.refusal.n) == (180, 235)
        assert tally.refused_text == "180 by stop reason"
        for query in (refusal_audit.cell(counts, options, Group.SAFE, "vendor/a"), parse("refused:>=1")):
            assert len(search.queue_of(workspace, query).ids) == 180
        in_words = refusal_audit.audit(counts, replace(options, refusals=Refusals.WORDS)).tally(Group.SAFE, "vendor/a")
        assert (in_words.refusal.words, in_words.excluded_text) == (
            "0 of 55: 0 % (0 to 6.5 %)",
            "180 refused by stop reason",
        )
