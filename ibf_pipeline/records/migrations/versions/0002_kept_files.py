"""Files in a store, and short texts about runs and revisions."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "kept_files",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), sa.ForeignKey("revision.id")),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("pruned", sa.Text()),
        sqlite_autoincrement=True,
    )
    op.create_index("kept_files_place", "kept_files", ["place", "id"])
    op.create_table(
        "note",
        sa.Column("place", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    raise NotImplementedError("records are never made older")
