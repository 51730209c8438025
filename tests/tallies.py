"""Tallies by the names of their classes."""

from orbench_studio.domain.audit.refusal_rates import UNJUDGED, Tally
from orbench_studio.domain.core.judgement import AnswerClass


def tally(**counts):
    """A tally; every class that is not named has none."""
    return Tally(tuple(counts.pop(str(name), 0) for name in (*AnswerClass, UNJUDGED)), **counts)
