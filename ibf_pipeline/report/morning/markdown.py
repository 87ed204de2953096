"""The page of the morning as Markdown, for where Prefect shows it (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ibf_pipeline.domain.wording import counted, day_text, utc_text
from ibf_pipeline.report.morning.content import AlertGroup, Item, Link, Morning, TriggerDay
from ibf_pipeline.report.tables import escaped

_LINE_END = "  \n"
"""within a paragraph"""


def markdown(morning: Morning) -> str:
    """The page, what matters most first. Nothing in it is a table: whatever is long is wrapped."""
    parts = [
        *(f"**{escaped(line)}**" for line in morning.portals),
        f"# {morning.heading}",
        *(f"> **Mind:** {_text(line)}" for line in morning.cautions),
        f"**{morning.done}** {morning.rest}",
        *_triggers(morning),
        *_cards("Needs somebody", morning.of("needs")),
        *_cards("Waits for a decision", morning.of("decision")),
        *_lines("Not there yet", morning.of("waits")),
        *_lines("Published elsewhere, or not at all", morning.elsewhere),
        *_lines("Went wrong earlier, and a later run did not", morning.resolved),
        *_lines("Done", morning.of("done")),
        f"Written {utc_text(morning.written)}."
        + (f" {_link(Link('All versions of this page', morning.address))}." if morning.address else ""),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _triggers(morning: Morning) -> list[str]:
    days = "\n".join(_day(day) for day in morning.days)
    warnings = "; ".join(_warning(alert) for alert in morning.warnings)
    return [
        f"## {escaped(morning.trigger_title)}",
        days,
        escaped(morning.unknown),
        f"Warnings: {warnings}." if warnings else "",
        escaped(morning.unshown_words),
    ]


def _day(day: TriggerDay) -> str:
    alerts = "; ".join(_alert(alert) for alert in day.alerts)
    return f"- **{day_text(day.day)}**, {day.ahead}: **{day.words}**. {alerts}"


def _alert(alert: AlertGroup) -> str:
    said = [counted(alert.number, "trigger"), alert.people_words, *([alert.begins] if alert.begins else [])]
    notes = f" *({escaped('; '.join(alert.notes))})*" if alert.notes else ""
    links = _links(alert.links)
    return f"{escaped(alert.subject.words)} {escaped(', '.join(said))}{notes}{f' ({links})' if links else ''}"


def _warning(alert: AlertGroup) -> str:
    notes = f" *({escaped('; '.join(alert.notes))})*" if alert.notes else ""
    return f"{escaped(alert.subject.words)} {alert.number}, {day_text(alert.day)}{notes}"


def _remedy(item: Item) -> str:
    return f"**What to do:** {_text(item.remedy)}" if item.remedy else ""


def _cards(title: str, items: Sequence[Item]) -> list[str]:
    """One after the other, each with a heading, why and what to do."""
    cards = [
        "\n\n".join(
            part
            for part in (
                f"### {escaped(item.title)}: {escaped(item.state)}",
                _text(item.said),
                _LINE_END.join(filter(None, [_remedy(item), _links(item.links)])),
            )
            if part
        )
        for item in items
    ]
    return [f"## {title}", *cards] if cards else []


def _lines(title: str, items: Iterable[Item]) -> list[str]:
    """One line each; those that say the same, and nothing more, share one."""
    same: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        same.setdefault((item.state, item.said), []).append(item)
    lines = [_line(state, said, of) for (state, said), of in sorted(same.items(), key=lambda each: -len(each[1]))]
    return [f"## {title}", "\n".join(lines)] if lines else []


def _line(state: str, said: str, items: Sequence[Item]) -> str:
    what, names = f"**{escaped(state)}**{f', {_text(said)}' if said else ''}", "; ".join(_named(item) for item in items)
    return f"- {names}: {what}" if len(items) == 1 else f"- {what}: {names}"


def _text(text: str) -> str:
    """A text as it is, with commands between backticks as such."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escaped(text)
    spaced = [part if number % 2 else _escaped_within(part) for number, part in enumerate(parts)]
    return "`".join(spaced)


def _escaped_within(part: str) -> str:
    """Escaped, with the spaces at its ends, which stand beside commands."""
    inner = escaped(part)
    return f"{' ' * part[:1].isspace()}{inner}{' ' * (bool(inner) and part[-1:].isspace())}"


def _named(item: Item) -> str:
    """Its title, which leads to the first of its links."""
    known = _known(item.links)
    return _link(Link(item.title, known[0].address)) if known else escaped(item.title)


def _links(links: Sequence[Link]) -> str:
    return " · ".join(_link(link) for link in _known(links))


def _known(links: Sequence[Link]) -> list[Link]:
    """Those that lead somewhere from here: a path does not."""
    return [link for link in links if link.address.startswith("http")]


def _link(link: Link) -> str:
    return f"[{escaped(link.words)}]({link.address})"
