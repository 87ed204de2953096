"""Listings of object stores through s3fs, which takes any answer with status 200 for an empty bucket."""

from __future__ import annotations

from typing import Any


def require_listings(files: Any) -> None:
    """Let an S3 file system raise ValueError if the answer to a listing is not a listing.

    Notes
    -----
    Every listing says whether it is cut off (`IsTruncated`, API reference of ListObjectsV2); an empty answer, an error
    with status 200 and a login page do not.
    """
    files.connect()
    files.s3.meta.events.register("after-call.s3.ListObjectsV2", _require_listing)


def _require_listing(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
    if http_response.status_code == 200 and "IsTruncated" not in parsed:
        raise ValueError("an answer that is not a listing of a bucket")
