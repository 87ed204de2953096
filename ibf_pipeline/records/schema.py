"""The tables. A change here is a new file in `migrations/versions`; a test holds the two against each other.

Moments are text in UTC (ISO 8601), so that they sort and a person can read them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
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

REVISION: Final = Table(
    "revision",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("country", Text, nullable=False),
    Column("hazard", Text, nullable=False),
    Column("issue_time", Text, nullable=False),
    Column("exercise", Boolean, nullable=False),
    Column("target", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("date", Text, comment="of every call; empty where it is not known any more"),
    Column("about", Text, comment="JSON; what it was planned with, nothing where that is damaged"),
    Column("plan", Text, comment="a line of JSON a call, nothing where it is damaged"),
    UniqueConstraint("country", "hazard", "issue_time", "exercise", "target", "number"),
)
"""the n-th publication of a country's run on one target"""

ENTRY: Final = Table(
    "entry",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("revision", ForeignKey("revision.id"), nullable=False),
    Column("call", Integer, nullable=False, comment="0: of the whole revision"),
    Column("state", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("status", Integer),
    Column("error", Text),
    Column("seconds", Float),
    Index("entry_of_revision", "revision", "call", "id"),
    sqlite_autoincrement=True,
)
"""the journal: what happened to each call, only ever added to"""

LEASE: Final = Table(
    "lease",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("fence", Integer, nullable=False, comment="one more with each holder"),
    Column("holder", Text, comment="nothing while it is free"),
    Column("purpose", Text, nullable=False),
    Column("since", Text, nullable=False),
    Column("expires", Float, nullable=False, comment="seconds since 1970"),
)
"""the right to be alone at something, such as to publish for a country and hazard on a target"""
