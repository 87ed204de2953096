"""The records on a database server that goes away, comes back, and forgets to answer."""

from __future__ import annotations

from sqlalchemy import text

from ibf_pipeline.records.open import HEAD, open_records
from tests.worlds.services.postgres import PostgresServer
from tests.worlds.services.wire import Wire


def test_the_tables_are_made_on_a_server(postgres: PostgresServer) -> None:
    version = text("SELECT version_num FROM records_version")
    with Wire(postgres.port) as wire:
        assert open_records(postgres.url(postgres.empty(), wire.port)).rows(version) == [(HEAD,)]
