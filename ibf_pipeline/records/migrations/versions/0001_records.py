"""The first schema: revisions, their journals, leases, the inbox of the catalogues, the order book of the Hook."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
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
        "lease",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("fence", sa.Integer, nullable=False, comment="one more with each holder"),
        sa.Column("holder", sa.Text, comment="nothing while it is free"),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("since", sa.Text, nullable=False),
        sa.Column("expires", sa.Float, nullable=False, comment="seconds since 1970"),
    )
    op.create_table(
        "eodata_product",
        *_texts("product_id", key=True),
        *_texts("provider", "state", "reason", "name", "product_type"),
        *_texts("acquired", "published", "footprint", nullable=True),
        sa.Column("round", sa.Integer, nullable=False),
        *_texts("first_seen", "changed"),
        *_texts("content", nullable=True),
    )
    op.create_index("eodata_product_state", "eodata_product", ["state"])
    op.create_table(
        "eodata_notification",
        *_texts("subscription_id", "product_id", "event", key=True),
        *_texts("door"),
        *_texts("notified", nullable=True),
        *_texts("received"),
        sa.Column("times", sa.Integer, nullable=False),
    )
    op.create_index("eodata_notification_product", "eodata_notification", ["product_id"])
    op.create_table(
        "eodata_start",
        *_texts("key", key=True),
        *_texts("product_id", "country", "event"),
        sa.Column("round", sa.Integer, nullable=False),
        *_texts("started"),
        *_texts("run", nullable=True),
    )
    op.create_index("eodata_start_product", "eodata_start", ["product_id"])
    op.create_table("eodata_watermark", *_texts("subscription", key=True), *_texts("filter", "published", "caught_up"))
    op.create_table(
        "eodata_subscription", *_texts("id", key=True), *_texts("provider", "name", "kind", "filter", "events", "made")
    )
    op.create_table("eodata_missing", *_texts("id", key=True), *_texts("since"))
    op.create_table(
        "eodata_intent",
        *_texts("provider", "name", key=True),
        *_texts("kind", "filter", "events", "known_ids", "begun"),
    )
    op.create_table(
        "hook_order",
        sa.Column("number", sa.Integer, primary_key=True),
        *_texts("service", "key", "name", "workflow", "identifiers", "options", "label"),
        sa.Column("repeat", sa.Integer, nullable=False),
        sa.Column("items", sa.Integer, nullable=False),
        *_texts("state"),
        *_texts("order_id", nullable=True),
        *_texts("message"),
        *_texts("asked_at"),
        *_texts("claimed_at", "settled_at", "submitted_at", nullable=True),
        *_texts("changed_at"),
        sa.UniqueConstraint("service", "key"),
    )
    op.create_index("hook_order_state", "hook_order", ["service", "state"])


def _texts(*names: str, key: bool = False, nullable: bool = False) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, primary_key=key, nullable=nullable) for name in names]


def downgrade() -> None:
    raise NotImplementedError("records are never made older")
