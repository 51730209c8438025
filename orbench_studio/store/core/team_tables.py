"""The tables of a team: its queues, who takes part, their prompts, and who has been given which."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import SQLModel

from orbench_studio.store.core.columns import key, long_text, moment, refers_to, table

# Written out, not bound: the database uses the index only for the condition it was made with.
HAS_ROOM = text("room > 0")


class TeamQueueRow(SQLModel, table=True):
    """A queue; `query` says which prompts came into it when it was made or changed."""

    __tablename__ = "team_queues"
    __table_args__ = (UniqueConstraint("name"),)
    id: int = key()
    name: str = long_text()
    query: str = long_text()
    training: str | None = long_text(nullable=True)
    overlap: int
    lease: int
    assignment: str
    state: str
    created_at: datetime = moment()


class TeamMemberRow(SQLModel, table=True):
    """Somebody who takes part; `categories` are separated by commas. `seen_at` is when claims were last renewed.

    `invited` is False of those who came by themselves to a queue for everybody. `reached` is the last prompt they were
    given in the order of the queue: what comes free before it is given when they are through.
    """

    __tablename__ = "team_members"
    __table_args__ = (UniqueConstraint("queue_id", "annotator_id"),)
    id: int = key()
    queue_id: int = refers_to("team_queues.id")
    annotator_id: int = refers_to("annotators.id")
    invited: bool
    share: float | None
    categories: str
    reached: int
    seen_at: datetime | None = moment(nullable=True)


class TeamPromptRow(SQLModel, table=True):
    """A prompt of a queue; ids are in the queue's order. `lot` is its place on the wheel of shares.

    `labels` people have labelled it, and `room` more can be given it, those who hold it just now taken off. Prompts to
    practise on have room for everybody.
    """

    __tablename__ = "team_prompts"
    __table_args__ = (
        UniqueConstraint("prompt_id", "queue_id"),
        Index(None, "queue_id", "training", "id", sqlite_where=HAS_ROOM, postgresql_where=HAS_ROOM),
        Index(None, "queue_id", "labels"),
    )
    id: int = key()
    queue_id: int = refers_to("team_queues.id")
    prompt_id: int = refers_to("prompts.id")
    training: bool
    category: str | None
    lot: int
    labels: int
    room: int


class TeamClaimRow(SQLModel, table=True):
    """What became of a prompt that somebody was given, or labelled: held until a moment, labelled, skipped.

    `after` is the last decision there was when it was given: a skip before it says nothing.
    """

    __tablename__ = "team_claims"
    __table_args__ = (
        UniqueConstraint("team_prompt_id", "annotator_id"),
        Index(None, "queue_id", "state", "until"),
        Index(None, "queue_id", "annotator_id", "state"),
    )
    id: int = key()
    queue_id: int = refers_to("team_queues.id")
    team_prompt_id: int = refers_to("team_prompts.id")
    annotator_id: int = refers_to("annotators.id")
    state: str
    until: datetime = moment()
    after: int


TEAM_QUEUES = table(TeamQueueRow)
TEAM_MEMBERS = table(TeamMemberRow)
TEAM_PROMPTS = table(TeamPromptRow)
TEAM_CLAIMS = table(TeamClaimRow)
