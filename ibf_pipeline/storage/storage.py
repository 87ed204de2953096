"""Where an installation keeps what must survive a machine."""

from __future__ import annotations

from dataclasses import dataclass, field

from ibf_pipeline.io.store import Store


@dataclass(frozen=True, slots=True)
class Storage:
    """Records and store of an installation. Without a store, files stay in the folders of this machine."""

    records: str | None = field(default=None, repr=False)
    """URL, which may hold a password; those beside the runs where none is given"""
    store: Store | None = None
