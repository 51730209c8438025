"""Recover after the file of an open workspace was renamed, deleted or replaced."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.data.merge_conflict import conflict_texts
from orbench_studio.domain.review.pending_decision import PendingDecision
from orbench_studio.errors import NothingLeftError, WorkspaceError
from orbench_studio.services.data import label_files
from orbench_studio.services.review import self_consistency
from orbench_studio.services.workspace.policy import Policy
from orbench_studio.services.workspace.workspace import open_workspace
from orbench_studio.store.workspace import opening


def add_unsaved(copy: Path, unsaved: Sequence[PendingDecision], policy: Policy) -> None:
    """Add decisions that were made while the file was being moved to the copy."""
    with open_workspace(copy) as workspace:
        workspace.policy = policy
        for pending in unsaved:
            self_consistency.record(workspace, pending)


def is_same_workspace(copy: Path, path: Path) -> bool:
    """Whether the file at the path is another version of the workspace in the copy."""
    try:
        return opening.uuid_of(path) == opening.uuid_of(copy)
    except WorkspaceError:
        return False  # no file, or not a workspace


def merge_into(path: Path, copy: Path) -> str:
    """Merge the decisions of a copy into the workspace at a path; returns a message."""
    with open_workspace(copy) as source, open_workspace(path) as target:
        if source.uuid != target.uuid:
            raise WorkspaceError(f"{path.name} is another workspace now. Open the copy instead: {copy}")
        with TemporaryDirectory(prefix="orbench-merge-") as folder:
            file = Path(folder) / "labels.jsonl"
            try:
                label_files.export_labels(source, file)
            except NothingLeftError:
                return "The copy has no decisions to merge."
            report = label_files.merge(target, [file])
    [result] = report.files
    missing = f" {result.missing:,} were skipped, because their prompts are only in the copy." if result.missing else ""
    merged = f"{counted(result.new, 'decision')} merged into {path.name}.{missing} The copy was kept: {copy}"
    return "\n".join([merged, *conflict_texts(report.conflicts)])
