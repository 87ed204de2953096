"""Job variables and parameters that operators set on a deployment, in the UI or through the API, and that `deploy`
leaves alone.

Which job variables are ours is written among them, as an environment variable: what we set once and set no longer is
taken away, everything else that we do not set is an operator's and stays. It travels with the deployment and is written
with it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

MARK: Final = "IBF_SET_BY_DEPLOY"
"""environment variable with the names of the job variables that `deploy` has set, separated by blanks"""
_ENV: Final = "env."


def overlay_job_variables(there: Mapping[str, Any], ours: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Our job variables with those of others on the server, and the names of the latter.

    Rule: one that we set now is ours, and so is one that we had set when it was deployed last. Where nothing says what
    we had set, as after an earlier version, nothing is taken away. Of the environment each variable counts by itself.
    """
    now, before = _flat(ours), _flat(there)
    mine = {*now, *str(before.get(_ENV + MARK, "")).split(), _ENV + MARK}
    others = {name: value for name, value in before.items() if name not in mine}
    whole = {**others, **now, _ENV + MARK: " ".join(sorted(now))}
    env = {name.removeprefix(_ENV): value for name, value in whole.items() if name.startswith(_ENV)}
    return {**{name: value for name, value in whole.items() if not name.startswith(_ENV)}, "env": env}, sorted(others)


def kept_parameters(there: Mapping[str, Any], ours: Mapping[str, Any], asked: Collection[str]) -> dict[str, Any]:
    """Parameters of a deployment on the server that its form asks (`asked`) and that we do not set: an operator's.

    Such as `approval: true`: a deployment that lost it would notify people without being approved.
    """
    return {name: value for name, value in there.items() if name in asked and name not in ours}


def _flat(variables: Mapping[str, Any]) -> dict[str, Any]:
    """`image`, `env.TZ`: as Prefect itself names them."""
    flat = {name: value for name, value in variables.items() if name != "env"}
    env = variables.get("env")
    return {**flat, **{_ENV + name: value for name, value in (env if isinstance(env, dict) else {}).items()}}
