"""Near duplicates of the whole workspace: search, save, and list their groups."""

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
    """Result of a search that is not saved yet."""

    members: Mapping[int, Member]
    threshold: float
    compared: int


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A prompt of a group with its full text; `similarity` is to the centre of the group."""

    row: QueueRow
    text: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Near:
    """A prompt and its similarity to another one (0 to 1)."""

    prompt_id: int
    text: str
    category: str | None
    similarity: float


def find_duplicates(
    workspace: Workspace, threshold: float = THRESHOLD, on_progress: Progress = lambda _done, _of: True
) -> Grouping:
    """Find the groups of the whole workspace and replace the stored ones.

    Raises StudioError if the threshold is out of range, and CancelledError if `on_progress` returns False. The stored
    groups are unchanged then.
    """
    save_groups(workspace, search(texts(workspace), threshold, on_progress))
    saved = grouping(workspace)
    assert saved is not None  # saved just now
    return saved


def texts(workspace: Workspace) -> Texts:
    with workspace.reading() as db:
        return near_duplicates.texts(db)


def search(known: Texts, threshold: float, on_progress: Progress = lambda _done, _of: True) -> DuplicateSearch:
    """Find the groups of these prompts; a pure computation without a workspace."""
    if not LEAST <= threshold <= MOST:
        raise StudioError(f"The threshold must be from {LEAST} to {MOST}, not {threshold}.")

    def check_cancelled(done: int, of: int) -> None:
        if not on_progress(done, of):
            raise CancelledError("Search cancelled. The groups are unchanged.")

    # Sorted by text, not by id, so that the groups do not depend on the order of imports.
    ordered = sorted(known, key=lambda one: text_identity(one[1]))
    places = grouped(similarity.pairs([text for _, text in ordered], threshold, check_cancelled))
    members = {
        ordered[place][0]: Member(ordered[of.group_id][0], of.similarity) for place, of in sorted(places.items())
    }
    return DuplicateSearch(members, threshold, len(known))


def save_groups(workspace: Workspace, found: DuplicateSearch) -> Changes:
    """Save the groups; replaces the stored ones."""
    with workspace.writing() as db:
        near_duplicates.replace(
            db,
            found.members,
            method=similarity.METHOD,
            threshold=found.threshold,
            compared=found.compared,
            at=datetime.now(UTC),
        )
    return Changes(frozenset({Kind.GROUPS}), None, f"Prompts with near duplicates: {len(found.members):,}.")


def grouping(workspace: Workspace) -> Grouping | None:
    """Read the last search; None if there was none."""
    with workspace.reading() as db:
        return near_duplicates.grouping(db)


def groups(workspace: Workspace) -> list[tuple[int, int]]:
    """List the groups with their sizes, largest first."""
    with workspace.reading() as db:
        return near_duplicates.groups(db)


def members(workspace: Workspace, group_id: int) -> list[GroupMember]:
    """List the prompts of a group: the centre first, then by similarity."""
    with workspace.reading() as db:
        similarities = near_duplicates.members(db, group_id)
        rows = queue.rows(db, [prompt_id for prompt_id, _ in similarities])
        full_texts = prompts.texts(db, [row.prompt_id for row in rows])
    by_id = dict(similarities)
    return [GroupMember(row, full_texts[row.prompt_id], by_id[row.prompt_id]) for row in rows]


def nearest_toxic(workspace: Workspace, prompt_id: int) -> list[Near]:
    """Find the three prompts with the final label toxic whose wording is most similar to this prompt.

    Raises StudioError if there is no such prompt.
    """
    with workspace.reading() as db:
        text = prompts.texts(db, [prompt_id]).get(prompt_id)
        toxic = [one for one in near_duplicates.labelled(db, Label.TOXIC) if one[0] != prompt_id]
    if text is None:
        raise StudioError(f"There is no prompt {prompt_id} in this workspace.")
    found = similarity.nearest(text, [other for _, other, _ in toxic], 3)
    return [Near(*toxic[place], score) for place, score in found]
