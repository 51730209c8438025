"""Roles of people in a workspace on a server."""

from enum import StrEnum


class Role(StrEnum):
    """What a person may do besides reading: a reviewer decides; an adjudicator also settles disagreements.

    Everything else, such as imports and team queues, is the owner's.
    """

    REVIEWER = "reviewer"
    ADJUDICATOR = "adjudicator"
