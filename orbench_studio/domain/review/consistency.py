"""Consistency of annotators: on prompts shown twice, after new guidelines, and before and after votes are revealed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from orbench_studio.domain.core.annotation import Annotation, Aspect, Visible
from orbench_studio.domain.core.rates import Rate

NOT_AGAIN_FOR = timedelta(days=14)  # a prompt shown again is left alone
_SHOWN_LATER = frozenset({Visible.VOTES, Visible.JUDGEMENTS})


@dataclass(frozen=True, slots=True)
class Drift:
    """Decisions that an annotator repeated without notice after the guidelines changed: how many are different.

    `by_class` is by the earlier label or answer class.
    """

    changed: Rate
    by_class: Mapping[str, Rate]

    @property
    def words(self) -> str:
        """All in one line: `2 of 8: 25 % (7.1 to 59 %); safe 0 of 5, toxic 2 of 3`."""
        each = ", ".join(f"{name.replace('_', ' ')} {rate.count} of {rate.n}" for name, rate in self.by_class.items())
        return f"{self.changed.words}; {each}" if each else self.changed.words


def drift_of(repeated: Iterable[tuple[str, str]]) -> Drift:
    """Count the pairs of an earlier and a later value that differ; assumes independent decisions."""
    by_class: dict[str, list[bool]] = defaultdict(list)
    for before, after in repeated:
        by_class[before].append(before != after)
    return _drift({name: Rate(sum(changed), len(changed)) for name, changed in by_class.items()})


def pooled(drifts: Iterable[Drift]) -> Drift:
    """The drift of several annotators together."""
    counts: dict[str, Rate] = defaultdict(lambda: Rate(0, 0))
    for drift in drifts:
        for name, rate in drift.by_class.items():
            counts[name] = Rate(counts[name].count + rate.count, counts[name].n + rate.n)
    return _drift(counts)


def _drift(by_class: Mapping[str, Rate]) -> Drift:
    each = dict(sorted(by_class.items()))
    return Drift(Rate(sum(r.count for r in each.values()), sum(r.n for r in each.values())), each)


def self_consistency(decided: Mapping[int, Iterable[Annotation]]) -> dict[str, Rate]:
    """The rate at which each annotator repeats their label when a prompt is shown again without notice.

    `decided` has the current decisions by prompt, in order of time. Each time a prompt is shown again, the first new
    label is compared with the annotator's label that was current then, if that was given under the same guidelines and
    not in bulk. Labels within a fortnight belong to the same showing; a label that is changed later changes no pair.
    """
    found: dict[str, list[bool]] = defaultdict(list)
    for before, after in _repeated_labels(decided):
        if before.guideline == after.guideline:
            found[after.annotator].append(before.value == after.value)
    return {annotator: Rate(sum(same), len(same)) for annotator, same in sorted(found.items())}


def guideline_drift(decided: Mapping[int, Iterable[Annotation]], current: int | None) -> dict[str, Drift]:
    """How each annotator's decisions changed with the current guidelines, on prompts shown again without notice.

    A label is compared as in `self_consistency`, with one under earlier guidelines. An answer class is compared with
    the annotator's last one under earlier guidelines; one that was changed on purpose is left out.
    """
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for before, after in (*_repeated_labels(decided), *_repeated_classes(decided)):
        if before.guideline != after.guideline == current:
            found[after.annotator].append((before.value, after.value))
    return {annotator: drift_of(repeated) for annotator, repeated in sorted(found.items())}


def _repeated_labels(decided: Mapping[int, Iterable[Annotation]]) -> Iterator[tuple[Annotation, Annotation]]:
    """Labels with the label that the annotator gave when the prompt was shown again."""
    for annotations in decided.values():
        labels: dict[str, Annotation] = {}
        shown: dict[str, datetime] = {}
        for annotation in annotations:
            if annotation.imported or annotation.adjudicated:
                continue
            who = annotation.annotator
            if annotation.aspect is Aspect.LABEL:
                labels[who] = annotation
            elif annotation.aspect is Aspect.RECHECK and who in labels:
                if who in shown and annotation.at - shown[who] < NOT_AGAIN_FOR:
                    continue
                shown[who] = annotation.at
                if Visible.RESPONSES in labels[who].visible:
                    yield labels[who], annotation


def _repeated_classes(decided: Mapping[int, Iterable[Annotation]]) -> Iterator[tuple[Annotation, Annotation]]:
    """Answer classes with the first one that the annotator gave under the next guidelines."""
    for annotations in decided.values():
        classes: dict[tuple[str, int | None], Annotation] = {}
        for annotation in annotations:
            if annotation.aspect is not Aspect.ANSWER_CLASS or annotation.imported or annotation.adjudicated:
                continue
            key = annotation.annotator, annotation.response_id
            before = classes.get(key)
            classes[key] = annotation
            if before and before.guideline != annotation.guideline and Visible.CHANGE not in annotation.visible:
                yield before, annotation


@dataclass(frozen=True, slots=True)
class Reveal:
    """A blind decision, and the annotator's decision after votes or judgements were revealed.

    `machine` is the current machine label: the moderators' consensus, or the judge's class.
    """

    before: str
    after: str
    machine: str | None

    @property
    def changed(self) -> bool:
        """Whether the annotator changed the decision."""
        return self.after != self.before

    @property
    def toward(self) -> bool:
        """Whether the change is to the machine label."""
        return self.changed and self.after == self.machine

    @property
    def away(self) -> bool:
        """Whether the change is from the machine label."""
        return self.changed and self.before == self.machine


@dataclass(frozen=True, slots=True)
class Reveals:
    """Counts of decisions that changed after a reveal: towards, away from, or unrelated to the machine label."""

    changed: Rate
    toward: int
    away: int

    @property
    def kept(self) -> int:
        """Number of unchanged decisions."""
        return self.changed.n - self.changed.count


def revealed(
    annotations: Iterable[Annotation], first_seen: tuple[int, datetime] | None = None
) -> tuple[str, str] | None:
    """The blind label of one annotator for one prompt, and their label after votes or judgements were revealed.

    Takes the annotations in order, and the counter and time of the annotator's first decision that saw more, undone
    ones included.
    None where the first label was not blind, or nothing was revealed. Only a
    decision with `Visible.CHANGE` changes a label that was revealed. Journals of versions before that word have a
    second label with votes visible instead, also where the first one was confirmed.
    """
    ordered = [a for a in annotations if not (a.imported or a.adjudicated)]
    if not ordered or ordered[0].visible & (_SHOWN_LATER | {Visible.FILTER}):
        return None
    if first_seen is not None and first_seen < (ordered[0].counter, ordered[0].at):
        return None
    marked = Visible.REVEAL in ordered[0].visible
    later = [a for a in ordered[1:] if a.visible & _SHOWN_LATER and (Visible.CHANGE in a.visible) == marked]
    return (ordered[0].value, (later or ordered)[-1 if later else 0].value) if later or marked else None


def count_reveals(reveals: Iterable[Reveal]) -> Reveals:
    """Count the changed decisions and the direction of the changes."""
    there = list(reveals)
    changed = Rate(sum(r.changed for r in there), len(there))
    return Reveals(changed, sum(r.toward for r in there), sum(r.away for r in there))
