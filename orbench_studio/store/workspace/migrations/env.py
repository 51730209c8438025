"""Alembic's entry: runs inside the connection that `opening` hands in, in its transaction."""

from alembic import context

from orbench_studio.store.core.schema import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,  # its convention names the constraints of the migrations
    render_as_batch=True,
    transactional_ddl=False,  # the caller's transaction is the only one
)
context.run_migrations()
