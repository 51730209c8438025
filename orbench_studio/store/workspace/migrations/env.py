"""Alembic's entry: runs inside the connection that `opening` hands in, in its transaction."""

from alembic import context
from sqlmodel import SQLModel

from orbench_studio.store.core import tables  # noqa: F401 - fills the metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    render_as_batch=True,
    transactional_ddl=False,  # the caller's transaction is the only one
)
context.run_migrations()
