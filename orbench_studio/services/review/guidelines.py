"""The guidelines for annotators: each change is a new version."""

from datetime import UTC, datetime, timedelta

from orbench_studio.domain.review.guideline import Guideline
from orbench_studio.formats.small_text import decoded, text_of
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.review import guidelines

__all__ = ["Guideline", "decoded", "text_of", "versions", "write"]


def versions(workspace: Workspace) -> list[Guideline]:
    """All versions, oldest first; the last one is current. Empty without guidelines."""
    with workspace.reading() as db:
        return guidelines.versions(db)


def write(workspace: Workspace, text: str) -> Guideline | None:
    """Save a text as the current version, and return the current version.

    A text that equals the current one, apart from surrounding white space, makes no new version; nor does an empty
    text before the first version.
    """
    with workspace.writing() as db:
        there = guidelines.versions(db)
        if text.strip() != (there[-1].text if there else ""):
            after = [there[-1].at + timedelta(microseconds=1)] if there else []  # its clock may have been ahead
            guidelines.add(db, text.strip(), max([datetime.now(UTC), *after]))
            there = guidelines.versions(db)
    return there[-1] if there else None
