"""The first schema. A database of it was made from the tables as they were then, so there is no way to it by steps."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    raise NotImplementedError("a database without a version has no records of ours")


def downgrade() -> None:
    raise NotImplementedError("records are never made older")
