"""What Alembic runs: the steps that are missing, on the connection that it is given."""

from alembic import context

from ibf_pipeline.records.schema import METADATA

context.configure(**context.config.attributes, target_metadata=METADATA, render_as_batch=True)
context.run_migrations()
