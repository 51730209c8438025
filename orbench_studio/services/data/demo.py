"""The demo workspace: invented, marked as illustrative, and with something for every screen to show."""

import hashlib
import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.core.prompt import Origin
from orbench_studio.domain.core.response import StopReason
from orbench_studio.domain.review.guideline import with_classes
from orbench_studio.formats.records import JudgementDraft, PromptDraft, Record, ResponseDraft, VoteDraft
from orbench_studio.resources_dir import resources
from orbench_studio.services.data.record_import import RecordImport
from orbench_studio.services.review import guidelines
from orbench_studio.services.workspace.workspace import Workspace, create_workspace, discard_workspace
from orbench_studio.store.core.bulk_insert import inserted
from orbench_studio.store.core.tables import SOURCES

_JUDGES = {"demo-judge": JudgeKind.LLM, "keyword-rule": JudgeKind.RULE}
_STOPPED = {"content_filter": StopReason.BLOCKED}


def demo_workspace(path: Path) -> Workspace:
    """A new workspace with the demo's data; no file is left where that fails."""
    workspace = create_workspace(path, illustrative=True)
    try:
        with workspace.writing() as db:
            for file in sorted((resources() / "demo").glob("*.jsonl")):
                _take(db, file)
        guidelines.write(workspace, with_classes((resources() / "demo" / "guidelines.md").read_text(encoding="utf-8")))
    except BaseException:
        workspace.close()
        discard_workspace(path)
        raise
    return workspace


def _take(db: Connection, file: Path) -> None:
    content = file.read_bytes()
    row = {
        "name": file.name,
        "format": "demo",
        "sha256": hashlib.sha256(content).hexdigest(),
        "imported_at": datetime.now(UTC),
    }
    record_import = RecordImport(db, partial(int, inserted(db, SOURCES, row)), file.name, simulated=True)
    lines = content.decode("utf-8").splitlines()
    record_import.add([_record(number, json.loads(line)) for number, line in enumerate(lines, start=1)])
    record_import.finish()


def _record(line: int, said: dict[str, Any]) -> Record:
    prompt = PromptDraft(
        said["text"],
        Category(said["category"]),
        Origin.REWRITE if said["seed"] else Origin.IMPORTED,
        said["seed"],
        Label(said["reference"]) if said["reference"] else None,
    )
    responses = [_response(response) for response in said["responses"]]
    if said["veto"]:
        veto = said["veto"]
        responses.append(
            ResponseDraft(veto["responder"], veto["text"], StopReason.STOP, votes=tuple(map(_vote, veto["votes"])))
        )
    return Record(line, prompt, tuple(map(_vote, said["votes"])), tuple(responses))


def _vote(said: dict[str, Any]) -> VoteDraft:
    category = Category(said["category"]) if said["category"] else None
    return VoteDraft(said["moderator"], Verdict(said["verdict"]), category, said["explanation"] or "")


def _response(said: dict[str, Any]) -> ResponseDraft:
    reason = said["stop_reason"]
    return ResponseDraft(
        said["model"],
        said["text"],
        _STOPPED.get(reason) or StopReason(reason),
        said["error"],
        judgements=tuple(_judgement(judgement, said["text"]) for judgement in said["judgements"]),
    )


def _judgement(said: dict[str, Any], text: str) -> JudgementDraft:
    evidence = said["evidence"]
    start = text.index(evidence) if evidence else 0
    return JudgementDraft(
        said["judge"],
        _JUDGES[said["judge"]],
        AnswerClass(said["answer_class"]),
        said["explanation"] or "",
        (start, start + len(evidence)) if evidence else None,
    )
