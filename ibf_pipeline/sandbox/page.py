"""The page at ``/`` (placeholder until its data are served)."""

from __future__ import annotations

from starlette.routing import Route

from ibf_pipeline.sandbox.backend import Backend


def page_routes(backend: Backend) -> list[Route]:
    del backend
    return []
