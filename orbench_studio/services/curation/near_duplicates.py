"""Prompts that are nearly the same: found once for the whole workspace, and looked at in groups."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.changes import Changes, Kind
from orbench_studio.domain.core.prompt import text_identity
from orbench_studio.domain.curation.near_duplicates import Grouping, Member, grouped
from orbench_studio.domain.review.queue import QueueRow
from orbench_studio.errors import CancelledError, StudioError
from orbench_studio.instruments import similarity
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core import prompts
from orbench_studio.store.curation import near_duplicates
from orbench_studio.store.review import queue

THRESHOLD = 0.6
LEAST, MOST = similarity.LEAST, similarity.MOST

Texts = Sequence[tuple[int, str]]
Progress = Callable[[int, int], bool]  # steps done, of how many; False from it cancels


@dataclass(frozen=True, slots=True)
class DuplicateSearch:
    """Groups that are not kept yet."""

    members: Mapping[int, Member]
    threshold: float
    compared: int


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A prompt of a group, whole: `similarity` is that to the centre, which is the first."""

    row: QueueRow
    text: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Near:
    """A prompt that is like another, and how much (0 to 1)."""

    prompt_id: int
    text: str
    category: str | None
    similarity: float


def find_duplicates(
    workspace: Workspace, threshold: float = THRESHOLD, on_progress: Progress = lambda _done, _of: True
) -> Grouping:
    """Find the groups of the whole workspace and keep them in the place of those before.

    Raises StudioError where the threshold is out of range, CancelledError where `on_progress` says no; then the groups
    are as they were.
    """
    save_groups(workspace, search(texts(workspace), threshold, on_progress))
    kept = grouping(workspace)
    assert kept is not None  # it has just been kept
    return kept


def texts(workspace: Workspace) -> Texts:
    """Every prompt with its text."""
    with workspace.reading() as db:
        return near_duplicates.texts(db)


def search(known: Texts, threshold: float, on_progress: Progress = lambda _done, _of: True) -> DuplicateSearch:
    """The groups among these prompts; computes only, and needs no workspace."""
    if not LEAST <= threshold <= MOST:
        raise StudioError(f"The threshold is between {LEAST} and {MOST}: {threshold} is not.")

    def go_on(done: int, of: int) -> None:
        if not on_progress(done, of):
            raise CancelledError("Cancelled: the groups are as they were.")

    # By their texts and not by their numbers: the same prompts imported in another order make the same groups.
    ordered = sorted(known, key=lambda one: text_identity(one[1]))
    places = grouped(similarity.pairs([text for _, text in ordered], threshold, go_on))
    members = {
        ordered[place][0]: Member(ordered[of.group_id][0], of.similarity) for place, of in sorted(places.items())
    }
    return DuplicateSearch(members, threshold, len(known))


def save_groups(workspace: Workspace, found: DuplicateSearch) -> Changes:
    """Write the groups down in the place of those before."""
    with workspace.writing() as db:
        near_duplicates.replace(
            db,
            found.members,
            method=similarity.METHOD,
            threshold=found.threshold,
            compared=found.compared,
            at=datetime.now(UTC),
        )
    return Changes(frozenset({Kind.GROUPS}), None, f"{len(found.members):,} prompts have near duplicates.")


def grouping(workspace: Workspace) -> Grouping | None:
    """How the groups were found; None where nobody has looked for them yet."""
    with workspace.reading() as db:
        return near_duplicates.grouping(db)


def groups(workspace: Workspace) -> list[tuple[int, int]]:
    """Every group by its number, with how many prompts it has, the largest first."""
    with workspace.reading() as db:
        return near_duplicates.groups(db)


def members(workspace: Workspace, group_id: int) -> list[GroupMember]:
    """The prompts of a group, the centre first, then the most alike."""
    with workspace.reading() as db:
        similarities = near_duplicates.members(db, group_id)
        rows = queue.rows(db, [prompt_id for prompt_id, _ in similarities])
        whole = prompts.texts(db, [row.prompt_id for row in rows])
    alike = dict(similarities)
    return [GroupMember(row, whole[row.prompt_id], alike[row.prompt_id]) for row in rows]


def nearest_toxic(workspace: Workspace, prompt_id: int, count: int = 3) -> list[Near]:
    """The prompts with the final label toxic whose wording is nearest to this prompt's: the other side of the boundary.

    Raises StudioError where there is no such prompt.
    """
    with workspace.reading() as db:
        own = prompts.texts(db, [prompt_id]).get(prompt_id)
        toxic = [one for one in near_duplicates.labelled(db, Label.TOXIC) if one[0] != prompt_id]
    if own is None:
        raise StudioError(f"There is no prompt {prompt_id} in this workspace.")
    found = similarity.nearest(own, [text for _, text, _ in toxic], count)
    return [Near(*toxic[place], alike) for place, alike in found]
