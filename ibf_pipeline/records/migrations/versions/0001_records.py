"""The first schema: runs, revisions, their journals, decisions, leases."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("country", sa.Text, nullable=False),
        sa.Column("hazard", sa.Text, nullable=False),
        sa.Column("issue_time", sa.Text, nullable=False),
        sa.Column("exercise", sa.Boolean, nullable=False),
        sa.Column("source", sa.Text, nullable=False, comment="that its forecast arrived from"),
        sa.Column("finished", sa.Text, nullable=False),
        sa.Column("headline", sa.Text, nullable=False, comment="what it found"),
    )
    op.create_index("run_of_country", "run", ["country", "hazard", "issue_time"])
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("country", sa.Text, nullable=False),
        sa.Column("hazard", sa.Text, nullable=False),
        sa.Column("issue_time", sa.Text, nullable=False),
        sa.Column("exercise", sa.Boolean, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("date", sa.Text, comment="of every call; empty where it is not known any more"),
        sa.Column("about", sa.Text, comment="JSON; what it was planned with, nothing where that is damaged"),
        sa.Column("plan", sa.Text, comment="a line of JSON a call, nothing where it is damaged"),
        sa.UniqueConstraint("country", "hazard", "issue_time", "exercise", "target", "number"),
    )
    op.create_table(
        "entry",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("revision", sa.Integer, sa.ForeignKey("revision.id"), nullable=False),
        sa.Column("call", sa.Integer, nullable=False, comment="0: of the whole revision"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("error", sa.Text),
        sa.Column("seconds", sa.Float),
        sqlite_autoincrement=True,
    )
    op.create_index("entry_of_revision", "entry", ["revision", "call", "id"])
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("revision", sa.Integer, sa.ForeignKey("revision.id"), nullable=False),
        sa.Column("at", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False, comment="empty where the person gave no name"),
    )
    op.create_index("decision_of_revision", "decision", ["revision"])
    op.create_table(
        "lease",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("fence", sa.Integer, nullable=False, comment="one more with each holder"),
        sa.Column("holder", sa.Text, comment="nothing while it is free"),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("expires", sa.Float, nullable=False, comment="seconds since 1970"),
    )


def downgrade() -> None:
    raise NotImplementedError("records are never made older")
