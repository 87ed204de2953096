"""What arrived in the bucket of orders with private output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ibf_pipeline.errors import ConfigError, ServerRefused, ServerUnreachable
from ibf_pipeline.io.environment import values_of
from ibf_pipeline.io.file_faults import file_fault_of
from ibf_pipeline.io.file_systems import Access, open_file_system
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.satellites.hook.settings import PrivateStorage


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a bucket."""

    key: str
    bytes: int
    modified: datetime | None


def list_files(
    storage: PrivateStorage, prefix: str, environment: Mapping[str, str], redact: Redactor
) -> list[StoredFile]:
    """Every file of the bucket whose key starts with the prefix, in the order of their keys."""
    variables = (storage.access_key_variable, storage.secret_key_variable)
    key, secret = values_of(variables, environment, "a key of your bucket alone", "destine.yaml: private_storage")
    redact.know(key, secret)
    access = Access(storage.endpoint_url, account=(key, secret), path_style=True)
    try:
        found: Mapping[str, Any] = open_file_system("s3://", access).find(storage.bucket, prefix=prefix, detail=True)
    except ConfigError:
        raise
    except Exception as error:  # the client below raises many kinds, none of them a built-in one
        raise _meant(error, storage, redact) from None
    return [
        StoredFile(name.partition("/")[2], int(about.get("size") or 0), about.get("LastModified"))
        for name, about in sorted(found.items())
    ]


def _meant(error: Exception, storage: PrivateStorage, redact: Redactor) -> ServerRefused | ServerUnreachable:
    trouble = file_fault_of(error)
    if trouble.meaning in ("no bucket", "missing"):
        remedy = "create it, or correct its name"
        return ServerRefused(f"there is no bucket {storage.bucket}", where=storage.endpoint_url, remedy=remedy)
    words = redact(trouble.words)
    if trouble.meaning == "refused":
        remedy = "check the key and the bucket's name"
        return ServerRefused(f"the bucket is not open to this key ({words})", where=storage.endpoint_url, remedy=remedy)
    return ServerUnreachable(f"the bucket could not be listed ({words})", where=storage.endpoint_url)
