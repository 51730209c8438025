"""Going on where the file of an open workspace was renamed, deleted or replaced: with a copy of what was open."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from orbench_studio.domain.review.pending_decision import PendingDecision
from orbench_studio.errors import NothingLeftError, WorkspaceError
from orbench_studio.services.data import label_files
from orbench_studio.services.review import self_consistency
from orbench_studio.services.workspace.policy import Policy
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.store.workspace import opening


def add_unsaved(copy: Path, unsaved: Sequence[PendingDecision], policy: Policy) -> None:
    """Write decisions that were taken while the file was moved into the copy of what was open."""
    with open_workspace(copy) as workspace:
        workspace.policy = policy
        for pending in unsaved:
            self_consistency.record(workspace, pending)


def is_same_workspace(copy: Path, path: Path) -> bool:
    """Whether the file that is at a path now is another state of the workspace in a copy."""
    try:
        return opening.uuid_of(path) == opening.uuid_of(copy)
    except WorkspaceError:
        return False  # none, or no workspace


def merge_into(path: Path, copy: Path) -> str:
    """Take the decisions of a copy into the workspace at a path; what came of it, in words."""
    with open_workspace(copy) as source, open_workspace(path) as target:
        if source.uuid != target.uuid:
            raise WorkspaceError(f"{path.name} is another workspace now. Open the copy instead: {copy}")
        with TemporaryDirectory(prefix="orbench-merge-") as folder:
            file = Path(folder) / "labels.jsonl"
            try:
                label_files.export_labels(source, file)
            except NothingLeftError:
                return "Nobody had decided anything in the copy."
            [taken] = label_files.merge(target, [file]).files
    missing = (
        f" {taken.missing:,} are about prompts that it does not have; they are in the copy." if taken.missing else ""
    )
    return f"{taken.new:,} decisions merged into {path.name}.{missing} The copy stays: {copy}"
