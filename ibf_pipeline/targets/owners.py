"""What an open event is about, whatever it was called when it was opened (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ibf_pipeline.domain.exercise import PREFIX
from ibf_pipeline.domain.findings import Findings


def owners(
    found: Findings, names: Iterable[str], server_points: Mapping[str, str] | None, earlier: Mapping[str, str]
) -> dict[str, str]:
    """Event name -> key, of the events of which it is known.

    An event is known on the server by its name alone, and names change: with `event_name`, with stations.csv. It
    belongs to the key that had the name in the latest earlier run (`earlier`: name -> key), else to the one whose
    event name, key or name it is today, else to the one that has that name on the server (`server_points`: code ->
    name). Where none of today's keys is it, it may be one of `earlier` that is no longer there.
    """
    known = {**_unique((name, code) for code, name in (server_points or {}).items()), **found.other_names}
    if found.exercise:
        known = {f"{PREFIX}{name}": key for name, key in known.items()}
    known |= found.known
    keys = set(found.known.values())
    known = {**earlier, **known, **{name: key for name, key in earlier.items() if key in keys}}
    return {name: known[name] for name in names if name in known}


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    listed = list(pairs)
    times = Counter(name for name, _ in listed)
    return {name: code for name, code in listed if name and times[name] == 1}
