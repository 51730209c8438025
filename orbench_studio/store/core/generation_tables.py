"""The tables of generating: what an item asks for, what came back, and which toxic rewrites are seeds again."""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from orbench_studio.store.core.columns import identity_bytes, key, long_text, refers_to, table


class GenerationItemRow(SQLModel, table=True):
    """What a batch item asks for, texts of a category or rewrites of a seed, and the reply as it came."""

    __tablename__ = "generation_items"
    item_id: int = Field(foreign_key="batch_items.id", primary_key=True, sa_column_kwargs={"autoincrement": False})
    seed_id: int | None = refers_to("seeds.id", nullable=True, index=True)
    category: str | None
    raw: str | None = long_text(nullable=True)
    stop_reason: str | None
    template_hash: str | None
    declined: bool


class GeneratedTextRow(SQLModel, table=True):
    """One text of a reply, and the seed or the prompt that it is.

    `text` is missing where it became that seed or prompt; where it was set aside it is there, and the seed or prompt
    is the one it repeats. `form` stands for the text without regard to case, spaces and punctuation.
    """

    __tablename__ = "generated_texts"
    __table_args__ = (UniqueConstraint("item_id", "position"),)
    id: int = key()
    item_id: int = refers_to("batch_items.id")
    position: int
    text: str | None = long_text(nullable=True)
    form: bytes = identity_bytes(index=True)
    seed_id: int | None = refers_to("seeds.id", nullable=True)
    prompt_id: int | None = refers_to("prompts.id", nullable=True)


class ReturnedSeedRow(SQLModel, table=True):
    """A seed that was a rewrite and found toxic; `round` counts how often that has happened in its line."""

    __tablename__ = "returned_seeds"
    __table_args__ = (UniqueConstraint("prompt_id"),)
    seed_id: int = Field(foreign_key="seeds.id", primary_key=True, sa_column_kwargs={"autoincrement": False})
    prompt_id: int = refers_to("prompts.id")
    round: int


GENERATION_ITEMS = table(GenerationItemRow)
GENERATED_TEXTS = table(GeneratedTextRow)
RETURNED_SEEDS = table(ReturnedSeedRow)
