"""All tables of a workspace. What reads every table uses `METADATA`, which has them whatever else was imported."""

from sqlmodel import SQLModel

from orbench_studio.store.core import (  # noqa: F401 - a table is defined by importing its module
    batch_tables,
    curation_tables,
    generation_tables,
    sample_tables,
    tables,
    team_tables,
)

METADATA = SQLModel.metadata
