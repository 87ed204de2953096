"""What an open event is about, whatever it was called when it was opened (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ibf_pipeline.domain.exercise import PREFIX
from ibf_pipeline.domain.findings import Findings


def event_keys(
    findings: Findings, names: Iterable[str], server_points: Mapping[str, str] | None, earlier: Mapping[str, str]
) -> dict[str, str]:
    """Event name -> key of what the event is about, as far as it is known.

    Parameters
    ----------
    findings : Findings
        Of the day.
    names : iterable of str
        Names of open events. A server knows an event by its name alone, and names change: with `event_name`, with
        stations.csv.
    server_points : mapping or None
        Code -> name of the points that the server has.
    earlier : mapping
        Name -> key in the latest earlier run.

    Notes
    -----
    The first of these that knows the name: the earlier run, if its key is still one of today's; today's event names,
    keys and other names; a name that exactly one point of the server has; the earlier run, whose key is gone.
    """
    known = {**_unique((name, code) for code, name in (server_points or {}).items()), **findings.other_names}
    if findings.exercise:
        known = {f"{PREFIX}{name}": key for name, key in known.items()}
    known |= findings.known
    keys = set(findings.known.values())
    known = {**earlier, **known, **{name: key for name, key in earlier.items() if key in keys}}
    return {name: known[name] for name in names if name in known}


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    listed = list(pairs)
    times = Counter(name for name, _ in listed)
    return {name: code for name, code in listed if name and times[name] == 1}
