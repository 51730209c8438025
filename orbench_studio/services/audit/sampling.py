"""Audit samples: random samples stratified by category, with known inclusion probabilities.

A seed puts all prompts of the population in a random order; the first n of each category are the sample. Extending a
sample raises n, so that it stays random. Only the order and the counts are stored. The queue `sample:NAME` holds the
prompts of the sample in that order, so that a partly labelled sample is a smaller random sample.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from secrets import randbelow

from orbench_studio.domain.audit.sample import AuditSample, SamplePlace, Stratum, allocate, shuffled
from orbench_studio.domain.review.query import NONE, write
from orbench_studio.domain.review.queue import QueueFilter
from orbench_studio.errors import StudioError
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.audit import samples
from orbench_studio.store.core import prompts
from orbench_studio.store.review import queue

_SEEDS = 1_000_000_000
_ALL_PROMPTS = QueueFilter()


def draw(
    workspace: Workspace, name: str, size: int, *, wanted: QueueFilter = _ALL_PROMPTS, seed: int | None = None
) -> AuditSample:
    """Draw a sample of the prompts that match a filter, in proportion to the categories, with a minimum of each.

    Without a seed, a random one is used. Raises StudioError if the name is taken or empty, the size is not positive, no
    prompt matches, or the filter reveals votes or judgements: labels of such a sample would not be blind.
    """
    name = name.strip()
    if not name or size < 1:
        raise StudioError("A sample needs a name and at least one prompt. Enter both.")
    if wanted.reveals:
        raise StudioError(
            f"The filter “{write(wanted)}” reveals votes or judgements, so nobody could label the sample blind. "
            "Filter by category, text or status."
        )
    seed = randbelow(_SEEDS) if seed is None else seed
    with workspace.writing() as db:
        if samples.named(db, name) is not None:
            raise StudioError(f"The sample “{name}” already exists. Extend it or choose another name.")
        categories = prompts.categories(db, queue.ids(db, wanted))
        if not categories:
            raise StudioError("No prompts match the filter, so no sample was drawn. Change the filter.")
        sizes = Counter(category or NONE for category in categories.values())
        drawn = allocate(sizes, size)
        strata = tuple(Stratum(category, sizes[category], drawn[category]) for category in sorted(sizes))
        sample = AuditSample(name, seed, write(wanted), datetime.now(UTC), strata)
        samples.save(db, sample, shuffled({k: v or NONE for k, v in categories.items()}, seed))
    return sample


def extend(workspace: Workspace, name: str, more: Mapping[str, int]) -> AuditSample:
    """Add prompts of each category to a sample, as far as there are any; StudioError if there is no such sample."""
    with workspace.writing() as db:
        sample = known(samples.named(db, name), name)
        drawn = {s.category: min(s.drawn + max(more.get(s.category, 0), 0), s.size) for s in sample.strata}
        samples.set_drawn(db, name, drawn)
        return known(samples.named(db, name), name)


def all_samples(workspace: Workspace) -> list[AuditSample]:
    """Return the samples of a workspace, oldest first."""
    with workspace.reading() as db:
        return samples.all_samples(db)


def read(workspace: Workspace, name: str) -> tuple[AuditSample, list[SamplePlace]]:
    """Return a sample and its prompts in random order; StudioError if there is no such sample."""
    with workspace.reading() as db:
        sample = known(samples.named(db, name), name)
        drawn = {stratum.category: stratum.drawn for stratum in sample.strata}
        return sample, [place for place in samples.places(db, name) if place.place < drawn[place.category]]


def remove(workspace: Workspace, name: str) -> None:
    """Remove a sample and keep its labels; StudioError if there is no such sample."""
    with workspace.writing() as db:
        known(samples.named(db, name), name)
        samples.remove(db, name)


def known(sample: AuditSample | None, name: str) -> AuditSample:
    """Return the sample; StudioError if it is None."""
    if sample is None:
        raise StudioError(f"This workspace has no sample “{name}”. Draw it first.")
    return sample
