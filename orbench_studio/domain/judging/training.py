"""Trainings of the local judge."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Training:
    """A training of the local judge on `labels` human answer classes.

    `decisions` has the annotations that it learned from, without imported ones. `changed` is the number of responses
    whose final answer class changed since. A run that is in progress, or was interrupted, is not `finished`.
    """

    id: int
    started_at: datetime
    automatic: bool
    labels: int
    decisions: frozenset[int]
    changed: int
    finished: bool
