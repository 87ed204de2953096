"""Records and a store that made-up machines share."""

from __future__ import annotations

from pathlib import Path

from ibf_pipeline.io.file_store import FileStore
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.records.database import open_records
from ibf_pipeline.storage.store_location import SharedStorage


def sharing(folder: Path) -> SharedStorage:
    """In a folder that all of them see; a store that does not answer is not waited for."""
    (folder / "store").mkdir(parents=True, exist_ok=True)
    store = FileStore(f"file://{folder / 'store'}", RetryPolicy(attempts=1))
    return SharedStorage(open_records(f"sqlite:///{folder / 'records.sqlite'}"), store)
