"""Decisions kept on this machine: whole or not there, in their order, and written into the journal once."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from platformdirs import user_state_path

from orbench_studio.domain.core.annotation import Aspect, Visible
from orbench_studio.domain.review.decision import Decision, evidence
from orbench_studio.domain.review.pending_decision import PendingDecision
from orbench_studio.errors import StaleDecisionError, StudioError
from orbench_studio.services.review import history, offline_queue, prompt_review, self_consistency

NOW = datetime(2026, 11, 21, 14, 0, tzinfo=UTC)
BOTH = (Decision(1, Aspect.ANSWER_CLASS, "direct_answer", 1, "helps"), evidence(1, 1, (0, 5)))
FIRST = PendingDecision("a" * 32, NOW, "me", BOTH, frozenset({Visible.RESPONSES}), seen=0)
SECOND = PendingDecision(
    "b" * 32, NOW + timedelta(microseconds=1), "me", (Decision(2, Aspect.NOTE, "“ä” \x00 \u2028"),)
)


def test_stored_decisions_are_read_back_in_order(workspace):
    for sending in (SECOND, FIRST):
        offline_queue.store(workspace, sending)
    assert offline_queue.stored(workspace) == ([replace(FIRST, again=True), replace(SECOND, again=True)], [])
    offline_queue.discard(workspace, FIRST)
    offline_queue.discard(workspace, FIRST)
    assert offline_queue.stored(workspace) == ([replace(SECOND, again=True)], [])


def test_incomplete_and_foreign_files_are_reported_and_stay(workspace):
    offline_queue.store(workspace, FIRST)
    [file] = (user_state_path("orbench-studio") / "outbox" / workspace.uuid).iterdir()
    whole = file.read_text(encoding="utf-8")
    for text in (whole[: len(whole) // 2], "{}", "[]", whole.replace("direct_answer", "perhaps")):
        file.write_text(text, encoding="utf-8")
        assert offline_queue.stored(workspace) == ([], [file])
    file.rename(file.with_suffix(".part"))
    assert offline_queue.stored(workspace) == ([], [])


def test_a_decision_that_cannot_be_stored_is_an_error(workspace):
    folder = user_state_path("orbench-studio")
    folder.mkdir(parents=True)
    (folder / "outbox").write_text("no folder", encoding="utf-8")
    with pytest.raises(StudioError, match="could not be stored"):
        offline_queue.store(workspace, FIRST)


def test_a_decision_sent_twice_is_recorded_once(workspace):
    self_consistency.record(workspace, FIRST)
    again = self_consistency.record(workspace, replace(FIRST, again=True))
    assert again.prompt_ids == (1,)
    assert [entry.annotations for entry in history.entries(workspace)] == [2]
    assert workspace.problems() == []


def test_only_decisions_of_others_in_between_make_a_pending_one_stale(workspace):
    label = PendingDecision("c" * 32, NOW, "me", (Decision(1, Aspect.LABEL, "safe"),), seen=0)
    other = replace(label, uuid="d" * 32, decisions=(Decision(1, Aspect.LABEL, "toxic"),), after=label.uuid)
    self_consistency.record(workspace, label)
    self_consistency.record(workspace, other)
    prompt_review.decide(workspace, Decision(1, Aspect.FLAG, "on"), annotator="somebody else")
    with pytest.raises(StaleDecisionError):
        self_consistency.record(workspace, replace(other, uuid="e" * 32, after=other.uuid))
    assert [entry.annotator for entry in history.entries(workspace)] == ["me", "me", "somebody else"]


def test_any_stored_file_is_read_or_reported(workspace):
    offline_queue.store(workspace, FIRST)
    [file] = (user_state_path("orbench-studio") / "outbox" / workspace.uuid).iterdir()
    whole = json.loads(file.read_text(encoding="utf-8"))
    decision = whole["decisions"][0]
    damaged = [b"", b"\0" * 100, b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000, b"null", b"1", b'"x"', b"[1]"]
    for name in whole:
        if name not in ("visible", "again"):
            for horror in (None, [], {}, [[]], "", "x", "\ud800", -1, 1.5, 10**30, True):
                if horror != whole[name] and (name, horror) not in (
                    ("seen", None),
                    ("annotator", "x"),
                    ("annotator", ""),
                ):
                    damaged.append(json.dumps(whole | {name: horror}).encode())
    for horror in (
        [],
        [1],
        [{}],
        [decision | {"prompt_id": "1"}],
        [decision | {"prompt_id": None}],
        [decision | {"value": 1}],
    ):
        damaged.append(json.dumps(whole | {"decisions": horror}).encode())
    damaged.append(json.dumps(whole | {"uuid": "../../elsewhere"}).encode())
    damaged.append(json.dumps(whole | {"at": NOW.replace(tzinfo=None).isoformat()}).encode())
    for content in damaged:
        file.write_bytes(content)
        found, unreadable = offline_queue.stored(workspace)
        assert file.read_bytes() == content
        if unreadable != [file]:
            assert [one.summary for one in found] == [FIRST.summary], content[:300]


def test_a_folder_that_may_not_be_read_is_named(workspace, monkeypatch):
    offline_queue.store(workspace, FIRST)
    folder = user_state_path("orbench-studio") / "outbox" / workspace.uuid

    def refuses(_self):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(type(folder), "iterdir", refuses)
        found = offline_queue.stored(workspace)
    assert found == ([], [folder])
