"""The tables of curation: prompts that are nearly the same."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from orbench_studio.store.columns import key, moment, refers_to, table

_PROMPT_KEY = {"autoincrement": False}


class GroupingRow(SQLModel, table=True):
    """How the near duplicates were found: one row, none before the first time. `prompts` is how many were compared."""

    __tablename__ = "groupings"
    id: int = key()
    method: str
    threshold: float
    prompts: int
    created_at: datetime = moment()


class NearDuplicateRow(SQLModel, table=True):
    """A prompt of a group of near duplicates. The group has the number of the prompt that the others are like."""

    __tablename__ = "near_duplicates"
    prompt_id: int = Field(foreign_key="prompts.id", primary_key=True, sa_column_kwargs=_PROMPT_KEY)
    group_id: int = refers_to("prompts.id", index=True)
    similarity: float


GROUPINGS = table(GroupingRow)
NEAR_DUPLICATES = table(NearDuplicateRow)
