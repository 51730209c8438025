"""What the window asks of near duplicates: groups found off its thread, looked at, and the nearest toxic prompts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from orbench_studio.domain.core.changes import Changes
from orbench_studio.domain.curation.near_duplicates import Grouping
from orbench_studio.gui.workspace.session import Session

if TYPE_CHECKING:
    from orbench_studio.services.curation.near_duplicates import (
        DuplicateSearch,
        GroupMember,
        Near,
        Texts,
    )
    from orbench_studio.services.workspace.workspace import Workspace


class DuplicateGroups(NamedTuple):
    """How the groups were found, and each with its first prompt's line and how many it has, the largest first."""

    grouping: Grouping | None
    groups: list[tuple[int, int]]


def groups(session: Session, done: Callable[[DuplicateGroups], object]) -> None:
    """Ask for the groups of the workspace."""

    def work(workspace: Workspace) -> DuplicateGroups:
        from orbench_studio.services.curation import near_duplicates

        return DuplicateGroups(near_duplicates.grouping(workspace), near_duplicates.groups(workspace))

    session.run(work, done)


def members(session: Session, group_id: int, done: Callable[[list[GroupMember]], object]) -> None:
    """Ask for the prompts of a group."""

    def work(workspace: Workspace) -> list[GroupMember]:
        from orbench_studio.services.curation import near_duplicates

        return near_duplicates.members(workspace, group_id)

    session.run(work, done)


def find(
    session: Session,
    threshold: float,
    on_progress: Callable[[int, int], bool],
    done: Callable[[Changes], object],
    failed: Callable[[Exception], object],
) -> None:
    """Find the groups anew: read, compare on the thread of long computations, keep. A new search replaces the old."""
    asked = session.workspace

    def read(workspace: Workspace) -> Texts:
        from orbench_studio.services.curation import near_duplicates

        return near_duplicates.texts(workspace)

    def keep(found: DuplicateSearch) -> None:
        def write(workspace: Workspace) -> Changes:
            from orbench_studio.services.curation import near_duplicates

            return near_duplicates.save_groups(workspace, found)

        if session.workspace is asked:
            session.run(write, done, failed)

    def search(known: Texts) -> None:
        def work() -> DuplicateSearch:
            from orbench_studio.services.curation import near_duplicates

            return near_duplicates.search(known, threshold, on_progress)

        session.background.run(work, keep, failed, tells=False)

    session.run(read, search, failed)


def nearest_toxic(session: Session, prompt_id: int, done: Callable[[list[Near]], object]) -> None:
    """Ask for the toxic prompts whose wording is nearest to a prompt's."""

    def work(workspace: Workspace) -> list[Near]:
        from orbench_studio.services.curation import near_duplicates

        return near_duplicates.nearest_toxic(workspace, prompt_id)

    session.run(work, done)
