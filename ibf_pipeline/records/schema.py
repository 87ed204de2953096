"""The tables. A change here is a new file in `migrations/versions`; a test holds the two against each other.

Times are text in UTC (ISO 8601), so that they sort and an operator can read them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

METADATA: Final = MetaData()


def _texts(*names: str, key: bool = False, nullable: bool = False) -> list[Column[str]]:
    return [Column(name, Text, primary_key=key, nullable=nullable) for name in names]


RUN: Final = Table(
    "run",
    METADATA,
    Column("id", Integer, primary_key=True),
    *_texts("country", "hazard", "issue_time"),
    Column("exercise", Boolean, nullable=False),
    Column("source", Text, nullable=False, comment="that its forecast arrived from"),
    Column("arrived", Text, nullable=False, comment="when the last of its forecast files was there; empty: not kept"),
    Column("finished", Text, nullable=False),
    Column("headline", Text, nullable=False, comment="what it found"),
    Index("run_of_country", "country", "hazard", "issue_time"),
)
"""a run whose findings are whole; a day may have several, the newest counts"""

REVISION: Final = Table(
    "revision",
    METADATA,
    Column("id", Integer, primary_key=True),
    *_texts("country", "hazard", "issue_time"),
    Column("exercise", Boolean, nullable=False),
    Column("target", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("date", Text, comment="of every call; empty if it is not known any more"),
    Column("about", Text, comment="JSON; what it was planned with, nothing if that is damaged"),
    Column("plan", Text, comment="a line of JSON a call, nothing if it is damaged"),
    UniqueConstraint("country", "hazard", "issue_time", "exercise", "target", "number"),
)
"""the n-th publication of a country's run on one target"""

ENTRY: Final = Table(
    "entry",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("revision", ForeignKey("revision.id"), nullable=False),
    Column("call", Integer, nullable=False, comment="0: of the whole revision"),
    *_texts("state", "at"),
    Column("status", Integer),
    Column("error", Text),
    Column("seconds", Float),
    Index("entry_of_revision", "revision", "call", "id"),
    sqlite_autoincrement=True,
)
"""the journal: what happened to each call, only ever added to"""

DECISION: Final = Table(
    "decision",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("revision", ForeignKey("revision.id"), nullable=False),
    *_texts("at", "what"),
    Column("by", Text, nullable=False, comment="empty if the operator gave no name"),
    Index("decision_of_revision", "revision"),
)
"""what an operator decided about a revision"""

LEASE: Final = Table(
    "lease",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("fence", Integer, nullable=False, comment="one more with each holder"),
    Column("holder", Text, comment="nothing while it is free"),
    *_texts("purpose", "since"),
    Column("expires", Float, nullable=False, comment="seconds since 1970"),
)
"""the right to be alone at something, such as to publish for a country and hazard on a target"""

KEPT_FILES: Final = Table(
    "kept_files",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("place", Text, nullable=False, comment="such as `UGA/floods/2026-02-15`; the newest row of a place counts"),
    Column("kind", Text, nullable=False, comment="what the files are of: run, revision, report, prepared, ..."),
    Column("country", Text, nullable=False, comment="empty for what several share"),
    Column("revision", ForeignKey("revision.id"), comment="whose calls upload them"),
    Column("at", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("files", Text, nullable=False, comment="JSON: name, key in the store, bytes, SHA-256 of each"),
    Column("pruned", Text, comment="when the files were deleted; nothing while they are there"),
    Index("kept_files_place", "place", "id"),
    sqlite_autoincrement=True,
)
"""files that were put into the store, whole: a row is added and never changed, but for `pruned`"""

NOTE: Final = Table(
    "note", METADATA, *_texts("place", "name", key=True), *_texts("at", "content"),
)  # fmt: skip
"""short texts about a run or a revision that come later than its files: notices, a preview, a look at the portal"""

PRODUCT: Final = Table(
    "eodata_product",
    METADATA,
    *_texts("product_id", key=True),
    *_texts("provider", "state", "reason", "name", "product_type"),
    *_texts("acquired", "published", "footprint", nullable=True),
    Column("round", Integer, nullable=False),
    *_texts("first_seen", "changed"),
    *_texts("content", nullable=True),
    Index("eodata_product_state", "state"),
)
"""satellite products that were announced or found, by the catalogue's id; footprints are WKT, contents JSON"""

NOTIFICATION: Final = Table(
    "eodata_notification",
    METADATA,
    *_texts("subscription_id", "product_id", "event", key=True),
    *_texts("door"),
    *_texts("notified", nullable=True),
    *_texts("received"),
    Column("times", Integer, nullable=False),
    Index("eodata_notification_product", "product_id"),
)
"""how often a subscription announced a product"""

START: Final = Table(
    "eodata_start",
    METADATA,
    *_texts("key", key=True),
    *_texts("product_id", "country", "event"),
    Column("round", Integer, nullable=False),
    *_texts("started"),
    *_texts("run", nullable=True),
    Index("eodata_start_product", "product_id"),
)
"""observations that a product started"""

WATERMARK: Final = Table(
    "eodata_watermark", METADATA, *_texts("subscription", key=True), *_texts("filter", "published", "caught_up")
)
"""how far the catalogue was searched for a declared subscription"""

SUBSCRIPTION: Final = Table(
    "eodata_subscription", METADATA, *_texts("id", key=True),
    *_texts("provider", "name", "kind", "filter", "events", "made"),
)  # fmt: skip
"""subscriptions that the pipeline made"""

MISSING: Final = Table("eodata_missing", METADATA, *_texts("id", key=True), *_texts("since"))
"""those among them that a catalogue does not list"""

INTENT: Final = Table(
    "eodata_intent", METADATA, *_texts("provider", "name", key=True),
    *_texts("kind", "filter", "events", "known_ids", "begun"),
)  # fmt: skip
"""subscriptions that are being made"""

ORDER: Final = Table(
    "hook_order",
    METADATA,
    Column("number", Integer, primary_key=True),
    *_texts("service", "key", "name", "workflow", "identifiers", "options", "label"),
    Column("repeat", Integer, nullable=False),
    Column("items", Integer, nullable=False),
    *_texts("state"),
    *_texts("order_id", nullable=True),
    *_texts("message"),
    *_texts("asked_at"),
    *_texts("claimed_at", "settled_at", "submitted_at", nullable=True),
    *_texts("changed_at"),
    UniqueConstraint("service", "key"),
    Index("hook_order_state", "service", "state"),
)
"""orders of evidence at the Hook's services"""
