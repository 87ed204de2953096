"""What arrived in the bucket of orders with private output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ibf_pipeline.errors import ConfigError, ServerRefused, ServerUnreachable
from ibf_pipeline.io.environment import values_of
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.s3_listing import require_listings
from ibf_pipeline.satellites.hook.settings import INSTALL, PrivateStorage


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
    try:
        import s3fs
    except ImportError:
        raise ConfigError(
            "the package s3fs is not installed",
            expected="it, to list a private bucket",
            remedy=INSTALL,
        ) from None
    variables = (storage.access_key_variable, storage.secret_key_variable)
    key, secret = values_of(variables, environment, "a key of your bucket alone", "destine.yaml: private_storage")
    redact.know(key, secret)
    system = s3fs.S3FileSystem(
        endpoint_url=storage.endpoint_url,
        use_listings_cache=False,
        skip_instance_cache=True,
        config_kwargs={"retries": {"max_attempts": 3}, "s3": {"addressing_style": "path"}},
        key=key,
        secret=secret,
    )
    require_listings(system)
    try:
        found: Mapping[str, Any] = system.find(storage.bucket, prefix=prefix, detail=True)
    except PermissionError as error:
        raise ServerRefused(
            redact(f"the bucket is not open to this key ({error})"),
            where=storage.endpoint_url,
            remedy="check the key and the bucket's name",
        ) from None
    except FileNotFoundError:
        raise ServerRefused(
            f"there is no bucket {storage.bucket}", where=storage.endpoint_url, remedy="create it, or correct its name"
        ) from None
    except Exception as error:
        # the S3 client below raises many kinds, none of them a built-in one
        raise ServerUnreachable(
            redact(f"the bucket could not be listed ({type(error).__name__}: {error})"), where=storage.endpoint_url
        ) from None
    return [
        StoredFile(name.partition("/")[2], int(about.get("size") or 0), about.get("LastModified"))
        for name, about in sorted(found.items())
    ]
