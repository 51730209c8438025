"""The tables of team queues: their annotators, prompts and assignments."""

from datetime import datetime

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import SQLModel

from orbench_studio.store.core.columns import key, long_text, moment, refers_to, table

# Written out, not bound: the database uses the index only for the condition it was made with.
HAS_ROOM = text("room > 0")


class TeamQueueRow(SQLModel, table=True):
    """A queue; `query` selected its prompts when it was made or changed."""

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
    """An annotator of a queue; `categories` are separated by commas. `seen_at` is the last lease renewal.

    `invited` is False for annotators who joined an open queue. `reached` is the last assigned prompt in the queue's
    order: prompts before it that become free are assigned at the end.
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
    """A prompt of a queue; ids are in the queue's order. `lot` is its position on the circle that shares divide.

    `labels` counts its annotators, and `room` how many more it can be assigned to now. Training prompts have room for
    all annotators.
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
    """The assignment of a prompt to an annotator: assigned until a time, labelled or skipped.

    `after` is the last decision when it was assigned: earlier skips do not count.
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


class TeamGoldRow(SQLModel, table=True):
    """The known label of a gold prompt, which is withheld from the prompt while its queue is open."""

    __tablename__ = "team_gold"
    __table_args__ = (UniqueConstraint("team_prompt_id"),)
    id: int = key()
    team_prompt_id: int = refers_to("team_prompts.id")
    label: str


TEAM_QUEUES = table(TeamQueueRow)
TEAM_MEMBERS = table(TeamMemberRow)
TEAM_PROMPTS = table(TeamPromptRow)
TEAM_CLAIMS = table(TeamClaimRow)
TEAM_GOLD = table(TeamGoldRow)
