"""A file server such as ECMWF's: a folder for each issue date, or folders of any name."""

from __future__ import annotations

import contextlib
import copy
import ftplib
import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Self

from ibf_pipeline.errors import ServerRefused
from ibf_pipeline.io.http_errors import NoAnswer
from ibf_pipeline.sources.remote import RemoteFile, not_there

_CHUNK: Final = 1 << 18
"""bytes"""
_NOT_THERE: Final = "550"
_FORBIDDEN: Final = ("privilege", "permission", "denied")
_FULL: Final = ("421", "530")
"""answers to a login if an account has as many connections as it may have"""


@dataclass(frozen=True, slots=True)
class FtpAccount:
    """Who logs in; shown nowhere."""

    user: str = field(repr=False)
    password: str = field(repr=False)


class FtpFolder:
    """`<folder>/<YYYYMMDD>/` on an FTP server, or without dates the folder itself (RFC 959; SIZE, MDTM and REST of RFC
    3659); a connection a thread, data over passive ones."""

    def __init__(
        self, host: str, port: int, folder: str, account: Callable[[], FtpAccount], *, tls: bool,
        timeout_seconds: float, dated: bool = True,
    ) -> None:  # fmt: skip
        self._host, self._port, self._tls = host, port, tls
        self._folder = folder.rstrip("/")
        self._account = account
        self._timeout = timeout_seconds
        self._dated = dated
        self._idle: queue.SimpleQueue[ftplib.FTP] = queue.SimpleQueue()
        self._accepted = False
        """whether the account was let in before: what is refused then is one more connection"""

    @property
    def address(self) -> str:
        """Without the account."""
        return f"{'ftps' if self._tls else 'ftp'}://{self._host}:{self._port}/{self._folder.lstrip('/')}"

    def below(self, folder: str) -> Self:
        """A folder in it, over the same connections."""
        inner = copy.copy(self)
        inner._folder = f"{self._folder}/{folder}".rstrip("/")
        return inner

    def names(self, issue_date: date) -> list[str]:
        """Names of the day's files; InputMissing if the folder is not there yet."""
        with self._connection(f"the folder {self._path(issue_date).rpartition('/')[2]}") as ftp:
            return sorted(entry.rsplit("/", 1)[-1] for entry in ftp.nlst(self._path(issue_date)))

    def describe(self, issue_date: date, name: str) -> RemoteFile:
        """SIZE and MDTM of a file."""
        path = f"{self._path(issue_date)}/{name}"
        with self._connection(name) as ftp:
            ftp.voidcmd("TYPE I")  # servers count bytes in binary mode only
            size = ftp.size(path)
            if size is None:
                raise NoAnswer("the server does not say the file's size")
            return RemoteFile(name, size, _modified(ftp, path))

    def read(self, issue_date: date, name: str, start: int) -> Iterator[bytes]:
        """RETR from a position on (REST)."""
        with self._connection(name) as ftp:
            ftp.voidcmd("TYPE I")
            with ftp.transfercmd(f"RETR {self._path(issue_date)}/{name}", rest=start or None) as data:
                while chunk := data.recv(_CHUNK):
                    yield chunk
            ftp.voidresp()

    def close(self) -> None:
        """Say goodbye on every idle connection."""
        with contextlib.suppress(queue.Empty):
            while True:
                with contextlib.suppress(*ftplib.all_errors):
                    self._idle.get_nowait().quit()

    def _path(self, issue_date: date) -> str:
        return f"{self._folder}/{issue_date:%Y%m%d}" if self._dated else self._folder

    @contextmanager
    def _connection(self, what: str) -> Iterator[ftplib.FTP]:
        ftp = self._open()
        try:
            yield ftp
        except ftplib.error_perm as error:
            self._idle.put(ftp)
            if str(error)[:3] == _NOT_THERE and any(word in str(error).lower() for word in _FORBIDDEN):
                raise ServerRefused(
                    f"{what} may not be read ({_said(error)})",
                    where=self.address,
                    expected="an account that may list and read the source's folder",
                    remedy="ask those who gave the account, or check the source's folder",
                ) from None
            if str(error)[:3] == _NOT_THERE:
                raise not_there(f"{what} is not there", self.address) from None
            raise NoAnswer(_said(error)) from None
        except ftplib.all_errors as error:
            ftp.close()
            raise NoAnswer(_said(error)) from None
        except BaseException:  # a reader that stopped half way leaves an answer in the line
            ftp.close()
            raise
        else:
            self._idle.put(ftp)

    def _open(self) -> ftplib.FTP:
        """An idle connection that still answers, or a new one."""
        with contextlib.suppress(queue.Empty):
            while True:
                ftp = self._idle.get_nowait()
                try:
                    ftp.voidcmd("NOOP")
                    return ftp
                except ftplib.all_errors:
                    ftp.close()
        account = self._account()
        ftp = ftplib.FTP_TLS() if self._tls else ftplib.FTP()  # noqa: S321 - the service offers nothing else
        try:
            ftp.connect(self._host, self._port, timeout=self._timeout)
            ftp.login(account.user, account.password)
            if isinstance(ftp, ftplib.FTP_TLS):
                ftp.prot_p()
            self._accepted = True
            return ftp
        except (ftplib.error_perm, ftplib.error_temp) as error:
            ftp.close()
            if self._accepted and str(error)[:3] in _FULL:
                return self._given_back(_said(error))
            if isinstance(error, ftplib.error_temp):
                raise NoAnswer(_said(error)) from None
            said = _said(error).replace(account.password, "...").replace(account.user, "...")
            raise ServerRefused(
                f"the login was refused ({said})",
                where=self.address,
                expected="the account of the environment",
                remedy="check the two environment variables that the source names in settings.yaml",
            ) from None
        except ftplib.all_errors as error:
            ftp.close()
            raise NoAnswer(_said(error)) from None

    def _given_back(self, said: str) -> ftplib.FTP:
        """A connection that another thread is done with: the server allows no more of them."""
        try:
            return self._idle.get(timeout=self._timeout)
        except queue.Empty:
            raise NoAnswer(f"no connection came free: {said}") from None


def _modified(ftp: ftplib.FTP, path: str) -> str:
    """Time of the last change as the server says it; empty if it does not know the command."""
    try:
        return ftp.voidcmd(f"MDTM {path}")[4:].strip()
    except ftplib.error_perm:
        return ""


def _said(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
