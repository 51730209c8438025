"""Decisions that could not be sent to the workspace's server: a file each in the user's own folder, until they are.

A file is whole or not there, so that a window that is killed loses none; several windows may send the same, since the
journal takes a deed once.
"""

import json
import os
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from orbench_studio.domain.core.annotation import Aspect, Visible
from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.pending_decision import PendingDecision
from orbench_studio.errors import DAMAGE, StudioError
from orbench_studio.services.review import prompt_review, self_consistency
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.user_folders import state_folder


def send(workspace: Workspace, sending: PendingDecision) -> Changes:
    """Write it into the journal, where it is not there already; durable when this returns."""
    write = self_consistency.decide if sending.decisions[0].prompt_id < 0 else prompt_review.decide
    return write(
        workspace,
        *sending.decisions,
        annotator=sending.annotator,
        seen=sending.seen,
        visible=sending.visible,
        sending=sending,
    )


def keep(workspace: Workspace, sending: PendingDecision) -> None:
    """Keep it on this machine; on the disk when this returns. A StudioError where it cannot be written."""
    file = _file(workspace, sending)
    part = file.with_suffix(".part")
    said = asdict(sending) | {"at": sending.at.isoformat(), "visible": sorted(sending.visible), "again": True}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as to:
            json.dump(said, to)
            to.flush()
            os.fsync(to.fileno())
        part.replace(file)
    except OSError as error:
        raise StudioError(
            f"There is no connection, and the decision could not be kept in {file.parent}: {error.strerror}. "
            "It is lost: decide again."
        ) from error


def kept(workspace: Workspace) -> tuple[list[PendingDecision], list[Path]]:
    """What is kept for a workspace, oldest first, and the files that cannot be read, or their folder."""
    found, unreadable = [], []
    try:
        files = sorted(file for file in _folder(workspace).iterdir() if file.suffix == ".json")
    except (FileNotFoundError, NotADirectoryError):
        return [], []
    except OSError:
        return [], [_folder(workspace)]
    for file in files:
        try:
            sending = _read(json.loads(file.read_text(encoding="utf-8")))
            if file != _file(workspace, sending):
                raise ValueError("the name is not that of the decision")
            found.append(sending)
        except (OSError, *DAMAGE):
            unreadable.append(file)
    return found, unreadable


def drop(workspace: Workspace, sending: PendingDecision) -> None:
    """It has come through, or the person has been told that it does not count."""
    _file(workspace, sending).unlink(missing_ok=True)


def _folder(workspace: Workspace) -> Path:
    return state_folder() / "outbox" / workspace.uuid


def _file(workspace: Workspace, sending: PendingDecision) -> Path:
    return _folder(workspace) / f"{sending.at:%Y%m%dT%H%M%S%f}-{sending.uuid}.json"


def _read(said: dict[str, Any]) -> PendingDecision:
    sending = PendingDecision(
        **said
        | {
            "at": datetime.fromisoformat(said["at"]),
            "decisions": tuple(Decision(**one | {"aspect": Aspect(one["aspect"])}) for one in said["decisions"]),
            "visible": frozenset(Visible(part) for part in said["visible"]),
        }
    )
    numbers = [one.prompt_id for one in sending.decisions] + [sending.seen or 0]
    texts = [sending.annotator, sending.after or "", *(one.value + (one.reason or "") for one in sending.decisions)]
    "".join(texts).encode()  # what no text can be is a ValueError, too
    if not sending.decisions or {type(one) for one in numbers} != {int} or sending.at.tzinfo is None:
        raise ValueError("this is no decision")
    return sending
