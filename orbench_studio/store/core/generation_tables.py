"""The tables of generation: requests, generated texts, and toxic rewrites that became seeds."""

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from orbench_studio.store.core.columns import identity_bytes, key, long_text, refers_to, table


class GenerationItemRow(SQLModel, table=True):
    """The request of a batch item (texts of a category, or rewrites of a seed) and the raw reply."""

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

    `text` is missing if it became that seed or prompt. A rejected text is stored, with the seed or prompt that it
    repeats. `form` is the text without case, spaces and punctuation.
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
    """A toxic rewrite that became a seed; `round` counts how often that has happened in its line of descent."""

    __tablename__ = "returned_seeds"
    __table_args__ = (UniqueConstraint("prompt_id"),)
    seed_id: int = Field(foreign_key="seeds.id", primary_key=True, sa_column_kwargs={"autoincrement": False})
    prompt_id: int = refers_to("prompts.id")
    round: int


GENERATION_ITEMS = table(GenerationItemRow)
GENERATED_TEXTS = table(GeneratedTextRow)
RETURNED_SEEDS = table(ReturnedSeedRow)
