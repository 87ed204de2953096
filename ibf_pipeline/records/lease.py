"""The right to be alone at something, such as to publish: a row with holder, expiry and a fence number.

A holder renews it while it lives. If the holder's process died on this machine, that is known and the lease is taken
over at once; if it was on another machine, when the lease has expired. Each holder has a fence number of its own, and
what is recorded under a lease is recorded only while that number is the newest: a holder that was taken for dead finds
that out before its next call. Along a chain of calls a lease is taken once: whoever needs it further down gets the one
that is held.

The clock of the database, which all machines share, decides when a lease expires.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, select, update

from ibf_pipeline.errors import ForbiddenByRule, IbfError
from ibf_pipeline.io.sql import Database
from ibf_pipeline.io.sql_rows import upsert
from ibf_pipeline.records.schema import LEASE

log = logging.getLogger(__name__)

LEASE_SECONDS: Final = 120.0
"""until a lease that nobody renews is over"""
LEASE_RUN_OUT_SECONDS: Final = LEASE_SECONDS + 30.0
"""after which a lease of a machine that is gone is over, however late it was renewed"""
_POLL_SECONDS: Final = 0.25
_MACHINE: Final = Path("/proc/sys/kernel/random/boot_id")
_LATE_SECONDS: Final = 600.0
"""that a living holder on this machine may be late with renewing it: slow, but not for ever"""
_live: Final[set[tuple[str, str, int]]] = set()
"""place, name and fence of what this process holds: one that it could not give back is nobody's"""
_held: ContextVar[tuple[Lease, ...]] = ContextVar("leases", default=())


def _after_fork() -> None:
    _held.set(())  # they are the parent's


os.register_at_fork(after_in_child=_after_fork)


class LeaseLost(ForbiddenByRule):
    """Another process has taken the lease: this one makes no further call."""


class HeldElsewhere(ForbiddenByRule):
    """A process of another machine holds the lease, or held it when that machine was lost: only its expiry tells."""


@dataclass(eq=False, slots=True)
class Lease:
    """A lease that is held."""

    database: Database
    name: str
    """such as `UGA/floods/portal`"""
    fence: int
    _sure_until: tuple[float, float] = (0.0, 0.0)
    """seconds of both clocks: until then nobody else can have taken it"""
    _over: threading.Event = field(default_factory=threading.Event)

    def require(self) -> None:
        """LeaseLost if somebody else may hold the lease. For every call: it costs nothing while the lease is fresh."""
        if any(now >= until for now, until in zip(_clocks(), self._sure_until, strict=True)):
            self.renew()

    def renew(self, *, wait: bool = True) -> None:
        """Hold the lease for `LEASE_SECONDS` more; LeaseLost if another process has it. `wait`: for the database."""

        def hold(connection: Connection, _: bool) -> tuple[float, float]:
            sure_until = _until()  # before the database looks at its clock
            self.fence_off(connection)
            expires = self.database.now() + LEASE_SECONDS
            connection.execute(update(LEASE).where(LEASE.c.name == self.name).values(expires=expires))
            return sure_until

        self._sure_until = self.database.write(hold, durable=False, wait=wait)

    def fence_off(self, connection: Connection) -> None:
        """Let a transaction go on only while this lease is held, and let nobody take it before its end."""
        row = connection.execute(select(LEASE).where(LEASE.c.name == self.name).with_for_update()).one_or_none()
        if row is None or row.fence != self.fence:
            raise LeaseLost(
                f"another process has taken over {self.name}"
                + (f": {_who(row)}" if row and row.holder else ", and ended"),
                where=self.database.place,
                expected="to hold it alone until the end",
                remedy="nothing was sent since; look what the other one did, and resume only what is unfinished then",
            )

    def _keep(self) -> None:
        while not self._over.wait(LEASE_SECONDS / 3):
            try:
                self.renew(wait=False)  # who needs it waits; the end of a run is not kept waiting by this thread
            except IbfError as error:
                log.warning("the lease of %s was not renewed: %s", self.name, error)
                if isinstance(error, LeaseLost):
                    return


def _clocks() -> tuple[float, float]:
    """Seconds since this machine began, and since 1970: one stands still while it sleeps, the other may be set back."""
    return time.monotonic(), time.time()


def _until() -> tuple[float, float]:
    monotonic, wall = _clocks()
    return monotonic + LEASE_SECONDS, wall + LEASE_SECONDS


@contextmanager
def lease(
    database: Database, name: str, purpose: str, wait_seconds: float = 0, elsewhere_seconds: float = 0
) -> Iterator[Lease]:
    """Hold a lease until the block ends: the one that is already held further up, else a new one.

    Parameters
    ----------
    database : Database
        The records.
    name : str
        Such as `UGA/floods/portal`.
    purpose : str
        What it is held for, for those who wait.
    wait_seconds : float
        For how long another holder is waited for.
    elsewhere_seconds : float
        The same if the holder is on another machine, if that is more.

    Raises
    ------
    ForbiddenByRule
        If somebody else holds it for longer, saying who.
    LeaseLost
        From `Lease.require`, if it was taken over meanwhile.
    WriteFailed
        If the database cannot be used.
    """
    for held in _held.get():
        if (held.database, held.name) == (database, name):
            yield held
            return
    taken = _take_or_wait(database, name, purpose, wait_seconds, max(wait_seconds, elsewhere_seconds))
    keeper = threading.Thread(target=taken._keep, name=f"lease of {name}", daemon=True)
    token = _held.set((*_held.get(), taken))
    try:
        keeper.start()
        yield taken
    finally:
        _held.reset(token)
        taken._over.set()
        if keeper.ident is not None:
            keeper.join()
        _live.discard((database.place, name, taken.fence))
        _give_back(taken)


def require_leases() -> None:
    """LeaseLost if a lease that is held along this chain of calls has been taken over by another run."""
    for held in _held.get():
        held.require()


def _take_or_wait(database: Database, name: str, purpose: str, here: float, elsewhere: float) -> Lease:
    began, told = time.monotonic(), False
    while True:
        try:
            return _take(database, name, purpose)
        except ForbiddenByRule as error:
            if time.monotonic() >= began + (elsewhere if isinstance(error, HeldElsewhere) else here):
                raise
            if not told:
                log.warning("waiting for %s: %s", name, error.found)
            told = True
        time.sleep(_POLL_SECONDS)


def _take(database: Database, name: str, purpose: str) -> Lease:
    tried: set[tuple[str, str, int]] = set()

    def take(connection: Connection, _: bool) -> Lease:
        _live.difference_update(tried)  # one that got no answer may be there, and is nobody's
        sure_until = _until()
        upsert(connection, LEASE, {"name": name}, {}, {"fence": 0, "purpose": purpose, "since": "", "expires": 0.0})
        this_one = LEASE.c.name == name
        row = connection.execute(select(LEASE, database.now().label("now")).where(this_one).with_for_update()).one()
        if row.holder is not None and not _is_over(row, database.place):
            here = _is_here(row)
            until = "" if here else f"; if its machine was lost, that is so in {LEASE_RUN_OUT_SECONDS:.0f} s at most"
            raise (ForbiddenByRule if here else HeldElsewhere)(
                f"another process is at work there: {_who(row)}",
                where=name,
                expected="one at a time",
                remedy="wait until it has ended, then run again" + until,
            )
        values = {
            "fence": row.fence + 1,
            "holder": _own_name(),
            "purpose": purpose,
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
            "expires": database.now() + LEASE_SECONDS,
        }
        connection.execute(update(LEASE).where(this_one).values(**values))
        this = (database.place, name, row.fence + 1)
        tried.add(this)
        _live.add(this)  # before others can see the row
        return Lease(database, name, row.fence + 1, sure_until)

    try:
        return database.write(take)
    except BaseException:
        _live.difference_update(tried)  # whatever became of the row, nobody here holds it
        raise


def _give_back(held: Lease) -> None:
    """Free it for the next; if that cannot be recorded, it is over as soon as this process is."""
    free = update(LEASE).where(LEASE.c.name == held.name, LEASE.c.fence == held.fence).values(holder=None)
    try:
        held.database.write(lambda connection, _: connection.execute(free), durable=False, wait=False)
    except IbfError as error:
        log.warning("the lease of %s was not given back: %s", held.name, error)


def holders(database: Database) -> list[str]:
    """Who holds which lease, and since when."""
    rows = database.rows(
        select(LEASE, database.now().label("now")).where(LEASE.c.holder.is_not(None)).order_by(LEASE.c.name)
    )
    return [
        f"{row.name}: {_who(row)}, until {_utc(datetime.fromtimestamp(row.expires, UTC))} if not renewed"
        for row in rows
        if not _is_over(row, database.place)
    ]


def _who(row: Any) -> str:
    host, _, process, _ = row.holder.split()
    return f"{row.purpose}, process {process} on {host} since {_utc(datetime.fromisoformat(row.since))}"


def _utc(at: datetime) -> str:
    """As `domain.wording` has it, which nothing below the publisher knows."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _own_name() -> str:
    """Host, process space, process and when it began: a number is given to another process one day."""
    return f"{socket.gethostname()} {_space()} {os.getpid()} {_began(os.getpid())}"


def _is_over(row: Any, place: str) -> bool:
    if row.holder == _own_name():
        return (place, row.name, row.fence) not in _live
    if _is_here(row):
        *_, process, began = row.holder.split()
        late = row.now >= row.expires + _LATE_SECONDS  # it lives, and could not give it back or cannot go on
        return bool(late or _began(int(process)) != began)
    return bool(row.now >= row.expires)


def _is_here(row: Any) -> bool:
    """Whether the holder is a process that this one would see, if it still lived."""
    host, space, *_ = row.holder.split()
    return bool((host, space) == (socket.gethostname(), _space()))


def _space() -> str:
    """Which processes are seen from here: those of a container have numbers of their own, on each machine the same.

    A machine is identified by its start: two containers may have one host name and the same numbers.
    """
    try:
        return f"{_MACHINE.read_text().strip()}/{os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return "-"


def _began(process: int) -> str:
    """When a process began, in ticks of this machine; `-` for one that is no more."""
    try:
        state, *more = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return "-" if state == "Z" else more[18]
    except OSError:
        return "-"
