"""`prefect server start`, whose database is not waited for longer than a few seconds.

SQLite has one writer at a time, and Prefect waits 60 s for its turn. Now and then two of its own requests wait for each
other, and a test for both. Here it says soon that it is busy, as it does after a minute, and its clients ask again.
"""

from __future__ import annotations

import sys
from functools import cache
from typing import Any

import prefect.types._datetime
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine

WAIT_MILLISECONDS = 3000

# For each schedule that is read or written, Prefect looks through the machine's time zones.
prefect.types._datetime.available_timezones = cache(prefect.types._datetime.available_timezones)


@event.listens_for(Engine, "begin")
def wait_for_a_moment_only(connection: Connection) -> None:
    connection.exec_driver_sql(f"PRAGMA busy_timeout = {WAIT_MILLISECONDS}")


def main(arguments: list[str]) -> Any:
    from prefect.cli import app

    sys.argv = ["prefect", "server", "start", *arguments]
    return app()


if __name__ == "__main__":
    main(sys.argv[1:])
