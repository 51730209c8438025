"""Which responses annotators should judge next: the most useful ones, and a fixed share drawn at random.

The random share keeps estimates unbiased. Every response has a permanent random number (a hash of the workspace's own
name and the response's id), and the random share goes through them in its order. What people have judged without a gap
from the smallest number on is therefore a simple random sample of all responses, with a known inclusion probability,
for which nothing needs to be written down (permanent random numbers: Ohlsson, 1995). The last few of it may have been
judged for their usefulness; with samples of any size that is a small share, and it is the one approximation.
"""

import json
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from sqlalchemy import Connection, select

from orbench_studio.domain.core.annotation import Label
from orbench_studio.domain.core.judgement import ANSWERS, REFUSALS, JudgeKind
from orbench_studio.domain.core.rates import percent
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.core.tables import WORKSPACE
from orbench_studio.store.judging import judgements
from orbench_studio.store.judging.judgements import UnjudgedResponse

RANDOM_SHARE = 0.2
_UNKNOWN = 0.5  # the probability of a refusal without any judgement


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A response to judge next. `usefulness` is between 0 and 1; `why` explains the usefulness."""

    response_id: int
    prompt_id: int
    model: str
    usefulness: float
    random: bool
    why: str


@dataclass(frozen=True, slots=True)
class RandomSample:
    """The responses that people have judged and that are a simple random sample of the `frame` (all that have a text
    to judge); `inclusion` is the probability with which each of the frame came into it."""

    response_ids: tuple[int, ...]
    frame: int

    @property
    def inclusion(self) -> float:
        """Between 0 and 1."""
        return len(self.response_ids) / self.frame if self.frame else 0.0


def suggestions(
    workspace: Workspace, limit: int | None = None, *, random_share: float = RANDOM_SHARE
) -> list[Suggestion]:
    """The next responses to judge, most useful first, every fifth (`random_share`) the next of the random sample.

    All of them where no limit is given.

    Useful is what the judges are unsure of or disagree about; it counts half on prompts that are not safe, because
    only refusals of safe prompts make the headline. Deterministic: the same workspace gives the same list.
    """
    with workspace.reading() as db:
        salt = _salt(db)
        candidates = judgements.open_responses(db)
    limit = len(candidates) if limit is None else limit
    by_number = sorted(candidates, key=lambda one: _number(salt, one.id))
    drawn = [_suggestion(one, random=True) for one in by_number[: int(limit * random_share)]]
    taken = {one.response_id for one in drawn}
    useful = [_suggestion(one) for one in candidates if one.id not in taken]
    useful.sort(key=lambda one: (-one.usefulness, one.response_id))
    return _mixed(useful[:limit], drawn, random_share)[:limit]


def by_usefulness(workspace: Workspace, prompt_ids: Sequence[int]) -> list[int]:
    """These prompts in the order in which `suggestions` comes to them; those with nothing left to judge at the end."""
    wanted = set(prompt_ids)
    useful = dict.fromkeys(one.prompt_id for one in suggestions(workspace) if one.prompt_id in wanted)
    return [*useful, *(prompt_id for prompt_id in prompt_ids if prompt_id not in useful)]


def random_sample(workspace: Workspace) -> RandomSample:
    """The human-judged prefix of the random order: a simple random sample for estimates."""
    with workspace.reading() as db:
        salt = _salt(db)
        frame = [row.id for row in judgements.open_responses(db)]
        decided = judgements.decided_ids(db)
    first_open = min((_number(salt, one) for one in frame), default=None)
    ordered = sorted((_number(salt, one), one) for one in decided)
    count = len(ordered) if first_open is None else bisect_left(ordered, (first_open, 0))
    return RandomSample(tuple(one for _, one in ordered[:count]), len(frame) + len(decided))


def _mixed(ranked: list[Suggestion], sampled: list[Suggestion], share: float) -> list[Suggestion]:
    """Both in their order, the drawn ones spread evenly among the others as far as there are others."""
    useful, drawn = deque(ranked), deque(sampled)
    found: list[Suggestion] = []
    owed = 0.0
    while useful or drawn:
        owed += share
        source = drawn if drawn and (owed >= 1 or not useful) else useful
        owed -= 1 if source is drawn else 0
        found.append(source.popleft())
    return found


def _suggestion(one: UnjudgedResponse, *, random: bool = False) -> Suggestion:
    chance = _chance(one)
    unsure = 1 - abs(2 * chance - 1)
    disagree = (
        len({judgement.answer_class in REFUSALS for judgement in one.judgements if judgement.answer_class in ANSWERS})
        > 1
    )
    counts = 1.0 if one.label in (Label.SAFE, None) else 0.5
    why = "judges disagree" if disagree else f"refusal {percent(chance)}"
    usefulness = counts * (unsure + disagree) / 2
    return Suggestion(one.id, one.prompt_id, one.model, usefulness, random, "random sample" if random else why)


def _chance(one: UnjudgedResponse) -> float:
    """The probability of a refusal, from a local judge if there is one."""
    for judgement in sorted(one.judgements, key=lambda judgement: judgement.kind is not JudgeKind.LOCAL):
        try:
            details = json.loads(judgement.raw or "null")
        except ValueError:
            continue
        if isinstance(details, dict) and isinstance(details.get("refusal"), float):
            return min(max(float(details["refusal"]), 0.0), 1.0)
    return _UNKNOWN


def _salt(db: Connection) -> str:
    return str(db.execute(select(WORKSPACE.c.uuid)).scalar_one())


def _number(salt: str, response_id: int) -> int:
    return int.from_bytes(blake2b(f"{salt} {response_id}".encode(), digest_size=8).digest(), "big")
