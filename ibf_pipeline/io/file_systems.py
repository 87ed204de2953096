"""File systems of fsspec: how each kind is opened, which account it takes, and that no connection outlives a fork."""

from __future__ import annotations

import errno
import logging
import os
import shutil
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import fsspec
from fsspec.implementations.local import LocalFileSystem

from ibf_pipeline.errors import ConfigError
from ibf_pipeline.io.atomic_files import atomic_path, sync_folder
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.s3_listing import require_listings

_RETRIES: Final = 2
"""attempts of s3fs itself; the caller has a retry policy"""


@dataclass(frozen=True, slots=True)
class Access:
    """How a file system is opened."""

    endpoint_url: str | None = None
    anonymous: bool = False
    timeout_seconds: float = 60.0
    account: tuple[str, str] | None = field(default=None, repr=False)
    """key and secret, of S3 alone; those of the environment if None"""
    path_style: bool = False
    """the bucket's name is in the path of S3's addresses, never in the host's name"""


@dataclass(frozen=True, slots=True)
class FileSystemKind:
    """What a scheme of URLs needs."""

    options: Callable[[Access], dict[str, Any]]
    """of fsspec"""
    extra: str = ""
    """of this project, with the package that reads it"""
    account: str = "what this kind of file system needs"
    """what people set in the environment, in words"""
    environment: tuple[str, ...] = ()
    """how variables begin that decide about the account"""
    secrets: tuple[str, ...] = ()
    """variables that must not be shown"""
    put_options: Mapping[str, Any] | None = None
    """with which the server compares what arrived with a checksum"""
    md5_option: str = ""
    """the same, where it is given the checksum"""
    logger: str = ""
    """of its package, which tells in many lines what comes to us as an error as well"""
    size: str = "size"
    modified: str = "mtime"
    """keys of a listing"""


def _s3(access: Access) -> dict[str, Any]:
    return {
        "anon": access.anonymous,
        "endpoint_url": access.endpoint_url,
        "config_kwargs": {
            "connect_timeout": access.timeout_seconds,
            "read_timeout": access.timeout_seconds,
            "retries": {"total_max_attempts": 1},
            **({"s3": {"addressing_style": "path"}} if access.path_style else {}),
        },
        **(dict(zip(("key", "secret"), access.account, strict=True)) if access.account else {}),
    }


def _azure(access: Access) -> dict[str, Any]:
    seconds = max(1, round(access.timeout_seconds))
    return {"connection_timeout": seconds, "read_timeout": seconds} | ({"anon": True} if access.anonymous else {})


def _google(access: Access) -> dict[str, Any]:
    return {"endpoint_url": access.endpoint_url} | ({"token": "anon"} if access.anonymous else {})


_S3 = FileSystemKind(
    _s3,
    "s3",
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ("AWS_",),
    ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    md5_option="ContentMD5",
    modified="LastModified",
)
_AZURE = FileSystemKind(
    _azure,
    "azure",
    "AZURE_STORAGE_CONNECTION_STRING, or AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY",
    ("AZURE_",),
    (
        "AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_SAS_TOKEN",
        "AZURE_STORAGE_CLIENT_SECRET", "AZURE_CLIENT_SECRET",
    ),
    {"validate_content": True},
    modified="last_modified",
)  # fmt: skip
_GOOGLE = FileSystemKind(
    _google,
    "gcs",
    "GOOGLE_APPLICATION_CREDENTIALS, the path of an account's key file",
    ("GOOGLE_", "STORAGE_EMULATOR_HOST"),
    put_options={"consistency": "md5"},
    logger="gcsfs",
    modified="updated",
)
_KINDS: Final[dict[str, FileSystemKind]] = {
    "file": FileSystemKind(lambda access: {"auto_mkdir": True}, account="the right to read and write the folder"),
    "s3": _S3,
    "abfs": _AZURE,
    "az": _AZURE,
    "gcs": _GOOGLE,
    "gs": _GOOGLE,
}
"""scheme -> what it needs"""
_OTHER: Final = FileSystemKind(lambda access: {})

_opened: dict[tuple[object, ...], Any] = {}
"""those of processes that this one was forked from stay: ending them here would wait for their threads"""
_lock = threading.Lock()


def _forked() -> None:
    global _lock
    _lock = threading.Lock()  # another thread may have held it


os.register_at_fork(after_in_child=_forked)


def file_system_kind(url: str) -> FileSystemKind:
    """What the scheme of a URL needs; a kind without account for one that is not in `_KINDS`."""
    return _KINDS.get(url.partition("://")[0], _OTHER)


def open_file_system(url: str, access: Access) -> Any:
    """The file system of a URL; within a process, all who open it in the same way share its connections.

    Parameters
    ----------
    url : str
        Its scheme decides the kind. Keys come from the environment, as the tools of its makers read them.
    access : Access
        Endpoint, timeout and, for S3, an account.

    Returns
    -------
    fsspec.AbstractFileSystem
        Without a cache of listings.

    Raises
    ------
    ConfigError
        If the package or the account is missing.
    """
    scheme, kind = url.partition("://")[0], file_system_kind(url)
    account = sorted(item for item in os.environ.items() if item[0].startswith(kind.environment))
    key = (os.getpid(), scheme, access, hash(tuple(account)))
    with _lock:
        if key not in _opened:
            _opened[key] = _new(url, scheme, kind, access)
        return _opened[key]


def _new(url: str, scheme: str, kind: FileSystemKind, access: Access) -> Any:
    options = {"use_listings_cache": False, "skip_instance_cache": True, **kind.options(access)}
    if scheme == "file":
        return DurableFolder(**options)
    try:
        files = fsspec.filesystem(scheme, **options)
    except ImportError as error:
        raise ConfigError(
            f"{scheme}:// needs a package that is not installed ({error})",
            where=url,
            expected="the package that reads this kind of address",
            remedy=(
                f"pip install -c constraints.txt '.[{kind.extra}]' in the project's folder"
                if kind.extra
                else f"install fsspec's package for {scheme}://"
            ),
        ) from None
    except ValueError as error:  # adlfs, of an account that is not named
        raise ConfigError(
            f"{scheme}:// cannot be opened ({redactor(kind)(' '.join(str(error).split()))})",
            where=url,
            expected=kind.account,
            remedy="set them in the environment of every process of the pipeline",
        ) from None
    if kind.logger and not (logger := logging.getLogger(kind.logger)).level:
        logger.setLevel(logging.CRITICAL)
    if scheme == "s3":
        files.retries = _RETRIES
        require_listings(files)
    return files


def redactor(kind: FileSystemKind) -> Redactor:
    """Removes this environment's secrets from the messages of a library."""
    values = [os.environ.get(name, "") for name in kind.secrets]
    # a connection string is a list of NAME=VALUE; its names and the address in it are not secrets
    parts = [part.partition("=") for value in values for part in value.split(";")]
    return Redactor(*values, *(value for name, _, value in parts if name.endswith(("Key", "Signature"))))


class DurableFolder(LocalFileSystem):  # type: ignore[misc]  # fsspec has no types
    """A folder whose files are there completely or not at all, also after a power cut."""

    def put_file(self, lpath: str, rpath: str, **_: Any) -> None:
        """Copy a file to a new name.

        Raises
        ------
        FileExistsError
            If the name is taken.
        """
        target = Path(self._strip_protocol(rpath))
        if target.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        made = [folder for folder in target.parents if not folder.exists()]
        with atomic_path(target) as part:
            shutil.copyfile(lpath, part)
        for folder in (target.parent, *(each.parent for each in made)):
            sync_folder(folder)

    def find(self, path: str, detail: bool = False, **_: Any) -> Any:
        """The files below a folder; OSError if a folder cannot be read, which fsspec would ignore."""
        found: dict[str, Any] = {}
        for folder, _folders, names in os.walk(self._strip_protocol(path), onerror=_unless_missing):
            for name in names:
                file = Path(folder, name)
                if (about := _info(self, file)) is not None:
                    found[str(file)] = about
        return found if detail else list(found)

    def rm_file(self, path: str) -> None:
        """Delete a file, and the folders that are empty then."""
        file = Path(self._strip_protocol(path))
        file.unlink()
        for folder in file.parents:
            try:
                folder.rmdir()
            except OSError:
                break


def _info(files: LocalFileSystem, file: Path) -> dict[str, Any] | None:
    try:
        return dict(files.info(str(file)))
    except FileNotFoundError:  # deleted meanwhile
        return None


def _unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
