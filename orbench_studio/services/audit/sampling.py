"""Audit samples: drawn at random, stratified by category, with the probability of every prompt to be in one.

A sample is drawn with a seed: its prompts get a random order, and of each category the first so many are in the sample.
So it can be extended at any time and is as random as before, and nothing but the order and the counts is kept. The
queue `sample:NAME` has exactly its prompts, in the random order, so that a sample labelled in part is a smaller sample.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from secrets import randbelow

from orbench_studio.domain.audit.sample import AuditSample, Stratum, allotted, shuffled
from orbench_studio.domain.review.query import NONE, write
from orbench_studio.domain.review.queue import Field, QueueFilter, Term
from orbench_studio.errors import StudioError
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.audit import samples
from orbench_studio.store.core import prompts
from orbench_studio.store.review import queue

_SEEDS = 1_000_000_000
_EVERYTHING = QueueFilter()


def draw(
    workspace: Workspace, name: str, size: int, *, wanted: QueueFilter = _EVERYTHING, seed: int | None = None
) -> AuditSample:
    """Draw a sample of the prompts that a filter lets through: each category in proportion, a few of each at the least.

    Without a seed one is drawn too. Raises StudioError where the name is taken or empty, the size is not positive,
    nothing can be drawn, or the filter tells what machines make of a prompt: such labels would not be blind.
    """
    name = name.strip()
    if not name or size < 1:
        raise StudioError("A sample needs a name and at least one prompt.")
    if wanted.reveals:
        raise StudioError(
            f"“{write(wanted)}” tells what machines make of a prompt, so that people could not label the sample blind. "
            "Filter by category, text or what is decided."
        )
    seed = randbelow(_SEEDS) if seed is None else seed
    with workspace.writing() as db:
        if samples.named(db, name) is not None:
            raise StudioError(f"There is a sample “{name}” already. Extend it, or choose another name.")
        categories = prompts.categories(db, queue.ids(db, wanted))
        if not categories:
            raise StudioError("There is no prompt to draw a sample from.")
        sizes = Counter(category or NONE for category in categories.values())
        drawn = allotted(sizes, size)
        strata = tuple(Stratum(category, sizes[category], drawn[category]) for category in sorted(sizes))
        sample = AuditSample(name, seed, write(wanted), datetime.now(UTC), strata)
        samples.save(db, sample, shuffled({k: v or NONE for k, v in categories.items()}, seed))
    return sample


def extend(workspace: Workspace, name: str, more: Mapping[str, int]) -> AuditSample:
    """Let a sample have so many more prompts of each category, as far as there are; StudioError without the sample."""
    with workspace.writing() as db:
        sample = known(samples.named(db, name), name)
        drawn = {s.category: min(s.drawn + max(more.get(s.category, 0), 0), s.size) for s in sample.strata}
        samples.draw_up_to(db, name, drawn)
        return known(samples.named(db, name), name)


def all_samples(workspace: Workspace) -> list[AuditSample]:
    """The samples of a workspace, oldest first."""
    with workspace.reading() as db:
        return samples.everything(db)


def remove(workspace: Workspace, name: str) -> None:
    """Forget a sample; what people labelled stays. StudioError where there is no such sample."""
    with workspace.writing() as db:
        known(samples.named(db, name), name)
        samples.remove(db, name)


def queue_of_sample(name: str) -> QueueFilter:
    """The queue of exactly the sample's prompts, in its random order."""
    return QueueFilter((Term(Field.SAMPLE, (name,)),))


def known(sample: AuditSample | None, name: str) -> AuditSample:
    """The sample; StudioError where there is none of that name."""
    if sample is None:
        raise StudioError(f"There is no sample “{name}” here. Draw it first.")
    return sample
