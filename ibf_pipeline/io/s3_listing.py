"""Listings of object stores through s3fs, which takes whatever is answered with 200 for an empty bucket."""

from __future__ import annotations

from typing import Any


def require_listings(files: Any) -> None:
    """Let an S3 file system raise ValueError where a listing is answered with something that is none.

    Every listing says whether it is cut off (`IsTruncated`, API reference of ListObjectsV2); an empty answer, an error
    with 200 and a page of a login do not.
    """
    files.connect()
    files.s3.meta.events.register("after-call.s3.ListObjectsV2", _require_listing)


def _require_listing(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
    if http_response.status_code == 200 and "IsTruncated" not in parsed:
        raise ValueError("an answer that is no listing of a bucket")
