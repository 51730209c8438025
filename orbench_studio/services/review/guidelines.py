"""The guidelines that reviewers decide by: read, written as a new version, never overwritten."""

from datetime import UTC, datetime

from orbench_studio.domain.review.guideline import Guideline
from orbench_studio.formats.small_text import decoded, text_of
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.review import guidelines

__all__ = ["Guideline", "decoded", "text_of", "versions", "write"]


def versions(workspace: Workspace) -> list[Guideline]:
    """All versions, oldest first: the last is in force. None where nobody has written guidelines."""
    with workspace.reading() as db:
        return guidelines.versions(db)


def write(workspace: Workspace, text: str) -> Guideline | None:
    """Put a text in force for every decision from now on, and give what is in force then.

    The text in force already, but for white space around it, makes no new version; nor does an empty text before
    there is any.
    """
    with workspace.writing() as db:
        there = guidelines.versions(db)
        if text.strip() != (there[-1].text if there else ""):
            guidelines.add(db, text.strip(), datetime.now(UTC))
            there = guidelines.versions(db)
    return there[-1] if there else None
