"""What an error of a file system means: its libraries have no common base class and use different words (pure)."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

Meaning = Literal["missing", "damaged", "no bucket", "refused", "redirected", "exists", "full", "unsupported", "away"]
"""`away`, `damaged` (what was transferred) and `missing` (as yet) may pass; the others wait for somebody to act"""

_NO_BUCKET: Final = {"NoSuchBucket", "ContainerNotFound", "InvalidBucketName", "ParamValidationError"}
_REFUSED: Final = {
    "PermissionError", "NoCredentialsError", "PartialCredentialsError", "InvalidAccessKeyId", "ProfileNotFound",
    "ClientAuthenticationError", "DefaultCredentialsError", "SSLCertVerificationError",
    "ClientConnectorCertificateError",
}  # fmt: skip
_DAMAGED: Final = {
    "BadDigest", "IncompleteBody", "XAmzContentSHA256Mismatch", "Md5Mismatch", "FlexibleChecksumError", "ChecksumError",
}  # fmt: skip
_AGAIN: Final = {"RequestTimeout"}
"""answered with 400"""
_AGAIN_STATUS: Final = {408, 425, 429}
_FULL: Final = {errno.ENOSPC, errno.EDQUOT}
_READ_ONLY: Final = {errno.EACCES, errno.EPERM, errno.EROFS}
_SHOWN: Final = 300
"""characters"""


@dataclass(frozen=True, slots=True)
class FileFault:
    """What an error means, and how the library says it."""

    meaning: Meaning
    words: str
    """of the library; still with whatever secrets it shows"""


def file_fault_of(error: BaseException) -> FileFault:
    """Classify an error of a file system by its codes, HTTP status, error number and class, and those of its causes.

    >>> file_fault_of(FileNotFoundError("gone")).meaning
    'missing'
    """
    chain = list(_chain(error))
    codes = {code for each in chain if (code := _code(each))}
    status = next((status for each in chain if (status := _status(each))), 0)
    numbers = {getattr(each, "errno", None) for each in chain}
    names = {type(each).__name__ for each in chain}
    return FileFault(_meaning(error, codes, status, numbers, names), _words(error, codes))


def _meaning(error: BaseException, codes: set[str], status: int, numbers: set[Any], names: set[str]) -> Meaning:
    known = codes | names
    table: tuple[tuple[Meaning, bool], ...] = (
        ("damaged", bool(known & _DAMAGED)),
        ("no bucket", bool(known & _NO_BUCKET) or "No such container" in str(error)),
        ("redirected", "maximum recursion" in str(error) or errno.EREMCHG in numbers),
        ("full", bool(numbers & _FULL)),
        ("exists", isinstance(error, FileExistsError) or status == 412),
        ("missing", "FileNotFoundError" in names or status == 404),
        ("refused", bool(known & _REFUSED) or bool(numbers & _READ_ONLY) or str(error).startswith("Forbidden: ")),
        ("away", bool(codes & _AGAIN) or status in _AGAIN_STATUS),
        ("unsupported", status == 501),
        ("refused", status in (400, 401, 403, 405)),
    )
    return next((meaning for meaning, holds in table if holds), "away")


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came from: fsspec's packages keep the server's answer in the cause alone."""
    seen: BaseException | None = error
    for _ in range(6):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def _response(error: BaseException) -> dict[str, Any]:
    response = getattr(error, "response", None)
    return response if isinstance(response, dict) else {}


def _code(error: BaseException) -> str:
    """What a server calls its answer."""
    named = getattr(error, "error_code", None)
    return str(_response(error).get("Error", {}).get("Code", "") or getattr(named, "value", named) or "")


def _status(error: BaseException) -> int:
    """That of HTTP; 0 if it is not known."""
    given = (
        _response(error).get("ResponseMetadata", {}).get("HTTPStatusCode"),
        getattr(error, "status_code", None),
        getattr(error, "code", None) if type(error).__name__ == "HttpError" else None,  # gcsfs'; aiohttp's is another
    )
    return next((int(str(each)) for each in given if str(each).isdigit()), 0)


def _words(error: BaseException, codes: set[str]) -> str:
    said = "; ".join(sorted(codes)) or " ".join(str(error).split())
    name = type(error).__name__
    return (said if said and name in ("OSError", "Exception") else f"{name}: {said}" if said else name)[:_SHOWN]
