"""Approvals and returns of annotators' decisions."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from orbench_studio.domain.core.annotation import CHECKS, Aspect, checks_of
from orbench_studio.store.core.tables import ANNOTATIONS
from orbench_studio.store.review import journal

Checked = Mapping[tuple[Aspect, str], list[int]]


def standing(db: Connection) -> Checked:
    """The prompts with an approval or a return that stands, by kind and annotator, ascending."""
    checked = select(ANNOTATIONS.c.prompt_id).where(ANNOTATIONS.c.aspect.in_(CHECKS)).distinct()
    decided = journal.of_prompts(db, sorted(db.execute(checked).scalars()))
    found: dict[tuple[Aspect, str], list[int]] = defaultdict(list)
    for prompt_id, decisions in sorted(decided.items()):
        for annotator, check in checks_of(decisions).items():
            found[check.aspect, annotator].append(prompt_id)
    return found


def counts(checked: Checked, aspect: Aspect, prompt_ids: Iterable[int] | None = None) -> dict[str, int]:
    """Count the prompts of a kind of check by annotator, all or those in `prompt_ids`."""
    among = None if prompt_ids is None else frozenset(prompt_ids)
    found = Counter(
        {name: sum(among is None or one in among for one in ids) for (of, name), ids in checked.items() if of is aspect}
    )
    return {name: count for name, count in sorted(found.items()) if count}
