"""Mails and previews of a recording against those of a sandbox: subject, readers, events, and what the text says.

The subject ends with the name of the server's environment; words of advice are left out here.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from typing import Any

from ibf_pipeline.sandbox import Mail, Sandbox

_SAID = re.compile(
    r"\d+ [A-Z][\w ]* alerts|IBF alert sent on .*|(Trigger|Warning|Flash Flood|Flood):.*|Expected to start on .*"
    r"|Expected to (make landfall|reach the point closest to land) on .*|The landfall time prediction .*|Has already .*"
    r"|\d+ \(see list below\)|This \w+ was first issued by IBF on .*"
)
"""lines of a recorded mail that a sandbox's has too"""


def mail_differences(call: dict[str, Any], mails: Sequence[Mail]) -> list[str]:
    """Where the mails that went out because of a call are not those of the recording."""
    if "mails" not in call:
        return []
    expected = [(m["subject"].split(" - ")[0], m["recipients"], sorted(m["names_events"])) for m in call["mails"]]
    found = [(m.subject.split(" - ")[0], m.recipients, sorted(m.event_names)) for m in mails]
    if expected != found:
        return [f"mails {found} instead of {expected}"]
    if not mails:
        return []
    text = visible(mails[0].html)
    if "mail_times" in call and (times := _clock_times(text)) != call["mail_times"]:
        return [f"times {times} instead of {call['mail_times']}"]
    return _missing([line for line in call.get("mail_text", ()) if _SAID.fullmatch(line)], text)


def visible(source: str) -> list[str]:
    """The lines of a page that people see."""
    body = re.sub(r"<head>.*?</head>", "", source, flags=re.DOTALL)
    lines = (html.unescape(line).strip() for line in re.sub(r"<[^>]+>", "\n", body).split("\n"))
    return [line for line in lines if line]


def _missing(expected: Sequence[str], text: Sequence[str]) -> list[str]:
    """The first line that does not follow those before it."""
    rest = iter(text)
    return next(([f"no line {line!r} at its place in {list(text)}"] for line in expected if line not in rest), [])


def _clock_times(text: Sequence[str]) -> list[str]:
    """When a mail expects its events, in its order."""
    expected = "\n".join(line for line in text if line.startswith("Expected"))
    return re.findall(r"\w+, \w+ \d+, \d+ at \d+:\d+ [A-Z]+|null", expected)


def preview_differences(expected: Sequence[str], body: Any, sandbox: Sandbox, where: str) -> list[str]:
    """Whether a preview names exactly these events, of all that were ever mailed."""
    known = {name for mail in sandbox.mails() for name in mail.event_names} | set(expected)
    text = " ".join(visible(body["activeEvents"]["email"]))
    named = {name for name in known if name in text}
    return [] if named == set(expected) else [f"{where}: the preview names {sorted(named)} instead of {expected}"]
