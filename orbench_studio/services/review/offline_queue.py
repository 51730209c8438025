"""The offline queue: decisions that could not be sent to the workspace's server, one file each in the user's folder.

Files are written atomically, so that a killed window loses none. Several windows may send the same decision: the
journal records it once.
"""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from orbench_studio.domain.core.annotation import Aspect, Visible
from orbench_studio.domain.review.decision import Decision
from orbench_studio.domain.review.pending_decision import PendingDecision
from orbench_studio.errors import DAMAGE, StudioError
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.user_folders import state_folder

_REFUSED = "refused"  # folder


@dataclass(frozen=True, slots=True)
class RefusedDecision:
    """A decision that the workspace did not accept when it was sent, and why; listed until the user removes it."""

    pending: PendingDecision
    reason: str


def store(workspace: Workspace, pending: PendingDecision) -> None:
    """Write the decision to this machine's disk; durable when this returns. StudioError where that fails."""
    file = _file(workspace, pending)
    try:
        _write(file, _values(pending))
    except OSError as error:
        raise StudioError(
            f"There is no connection, and your decision could not be stored in {file.parent}: {error.strerror}. "
            "It is lost. Free up or unlock this folder, then decide again."
        ) from error


def stored(workspace: Workspace) -> tuple[list[PendingDecision], list[Path]]:
    """The stored decisions of a workspace, oldest first, and the files that cannot be read, or their folder."""
    found, unreadable = [], []
    try:
        files = sorted(file for file in _folder(workspace).iterdir() if file.suffix == ".json")
    except (FileNotFoundError, NotADirectoryError):
        return [], []
    except OSError:
        return [], [_folder(workspace)]
    for file in files:
        try:
            pending = _read(json.loads(file.read_text(encoding="utf-8")))
            if file != _file(workspace, pending):
                raise ValueError("the file name does not match the decision")
            found.append(pending)
        except (OSError, *DAMAGE):
            unreadable.append(file)
    return found, unreadable


def discard(workspace: Workspace, pending: PendingDecision) -> None:
    """Delete the file of a decision that was saved."""
    _file(workspace, pending).unlink(missing_ok=True)


def refuse(workspace: Workspace, pending: PendingDecision, reason: str) -> None:
    """Move a decision that was not accepted to those that are listed for the user. OSError where that fails."""
    file = _file(workspace, pending)
    _write(file.parent / _REFUSED / file.name, _values(pending) | {"reason": reason})
    discard(workspace, pending)


def refused(workspace: Workspace) -> list[RefusedDecision]:
    """The decisions that were not accepted, oldest first; files that cannot be read are left alone."""
    found = []
    for file in sorted((_folder(workspace) / _REFUSED).glob("*.json")):
        with suppress(OSError, *DAMAGE):
            values = json.loads(file.read_text(encoding="utf-8"))
            reason = str(values.pop("reason"))
            found.append(RefusedDecision(_read(values), reason))
    return found


def remove_refused(workspace: Workspace, decisions: Sequence[RefusedDecision]) -> None:
    """Delete the files of decisions that were not accepted."""
    for one in decisions:
        file = _file(workspace, one.pending)
        (file.parent / _REFUSED / file.name).unlink(missing_ok=True)


def _values(pending: PendingDecision) -> dict[str, Any]:
    return asdict(pending) | {"at": pending.at.isoformat(), "visible": sorted(pending.visible), "again": True}


def _write(file: Path, values: dict[str, Any]) -> None:
    """Write a file completely or not at all, and onto the disk."""
    part = file.with_suffix(".part")
    file.parent.mkdir(parents=True, exist_ok=True)
    with part.open("w", encoding="utf-8") as to:
        json.dump(values, to)
        to.flush()
        os.fsync(to.fileno())
    part.replace(file)


def _folder(workspace: Workspace) -> Path:
    return state_folder() / "outbox" / workspace.uuid


def _file(workspace: Workspace, pending: PendingDecision) -> Path:
    return _folder(workspace) / f"{pending.at:%Y%m%dT%H%M%S%f}-{pending.uuid}.json"


def _read(values: dict[str, Any]) -> PendingDecision:
    pending = PendingDecision(
        **values
        | {
            "at": datetime.fromisoformat(values["at"]),
            "decisions": tuple(Decision(**one | {"aspect": Aspect(one["aspect"])}) for one in values["decisions"]),
            "visible": frozenset(Visible(part) for part in values["visible"]),
        }
    )
    numbers = [one.prompt_id for one in pending.decisions] + [pending.seen or 0]
    texts = [pending.annotator, pending.after or "", *(one.value + (one.reason or "") for one in pending.decisions)]
    "".join(texts).encode()  # a ValueError for lone surrogates, which the database cannot store
    if not pending.decisions or {type(one) for one in numbers} != {int} or pending.at.tzinfo is None:
        raise ValueError("not a decision")
    return pending
