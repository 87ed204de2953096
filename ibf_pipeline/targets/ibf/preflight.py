"""What would go wrong on the server, all problems at once and before the first call (pure)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from ibf_pipeline.domain.exercise import is_exercise
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.report.words import listed
from ibf_pipeline.targets.event_keys import event_keys
from ibf_pipeline.targets.ibf.bodies import exposure_indicators
from ibf_pipeline.targets.ibf.decisions import deleted_decisions
from ibf_pipeline.targets.ibf.mail_coverage import mail_coverage_words
from ibf_pipeline.targets.ibf.plan_parts import plan_part_of
from ibf_pipeline.targets.ibf.state import ServerState
from ibf_pipeline.targets.ibf.timestamp import date_of_calls
from ibf_pipeline.targets.problems import Overrides, Problem, impossible_amounts

UPLOAD_ROLES = ("pipeline", "admin")
MOST_EXPOSURE_ROWS = 6_500
"""areas in one exposure call; 5,000 were tried, and a row takes ten of the 65,535 parameters of its database"""


def check_server(
    findings: Findings,
    state: ServerState,
    prepared: Mapping[int, Collection[str]],
    published: Collection[str],
    overrides: Overrides,
    earlier: Mapping[str, str] | None = None,
    mailed_only: Sequence[str] | None = None,
) -> list[Problem]:
    """Compare a day with what the server knows of the country.

    Parameters
    ----------
    findings : Findings
        Of the day.
    state : ServerState
        As it was just read.
    prepared : mapping
        Admin level -> place codes of the prepared areas.
    published : collection of str
        The `date` of every upload to this target that our own journals know for the country.
    overrides : Overrides
        What the operator accepts.
    earlier : mapping, optional
        Event name -> key in the latest earlier run.
    mailed_only : sequence of str, optional
        The countries that the server mails about, if a day that is to be mailed is of none of them.

    Returns
    -------
    list of Problem
        All of them at once; those that only a new revision would meet are `of_revision`.

    References
    ----------
    docs/design/publication.md, P2; docs/publishing.md, "Same day again" for what the operator can accept.
    """
    return [
        *_account(state),
        *_levels(findings, state),
        *_areas(findings, state, prepared),
        *plan_part_of(findings).problems(findings, state.points),
        *_indicators(findings, state),
        *impossible_amounts(findings),
        *_unseen_events(findings, state, overrides, earlier or {}),
        *_foreign_upload(findings, state, published, overrides),
        *_decisions(findings, state, overrides),
        *_exercise(findings, state),
        *_mail(findings, mailed_only),
        *_zeros_that_warn(findings, state),
        *(Problem(f"{name}: not checked, this server has no route for it", blocks=False) for name in state.not_checked),
        *(Problem(doubt, blocks=False) for doubt in state.doubts),
    ]


def _account(state: ServerState) -> Iterator[Problem]:
    if state.role is not None and state.role not in UPLOAD_ROLES:
        yield Problem(f"the account has the role {state.role}, uploads need {' or '.join(UPLOAD_ROLES)}")


def _levels(findings: Findings, state: ServerState) -> Iterator[Problem]:
    for what, key, ours, theirs in (
        ("admin levels are", "admin_levels", _list(findings.admin_levels), _list(state.admin_levels)),
        ("the default admin level is", "default_admin_level", findings.default_admin_level, state.default_admin_level),
    ):
        if ours != theirs:
            yield Problem(f"{what} {ours}, the server has {theirs}: correct {key}")


def _areas(findings: Findings, state: ServerState, prepared: Mapping[int, Collection[str]]) -> Iterator[Problem]:
    for level in findings.admin_levels:
        codes = state.place_codes.get(level)
        if codes is None:
            continue
        if not codes:
            yield Problem(f"the server has no areas of admin level {level}")
            continue
        if len(codes) > MOST_EXPOSURE_ROWS:
            yield Problem(f"level {level} has {len(codes)} areas, more than one upload takes ({MOST_EXPOSURE_ROWS})")
        known = set(codes)
        wrong = sorted({area.place_code for event in findings.events for area in event.areas_of(level)} - known)
        different = set(prepared.get(level, ())) ^ known
        if wrong:
            yield Problem(
                f"{len(wrong)} place codes of level {level} are unknown to the server ({_list(wrong[:3])}): they would "
                "become an event that nobody sees; take the boundaries from the server"
            )
        elif different:
            yield Problem(
                f"{len(different)} place codes of level {level} differ between boundaries and server, none of them "
                f"alerted ({_list(sorted(different)[:3])})",
                blocks=False,
            )


def _indicators(findings: Findings, state: ServerState) -> Iterator[Problem]:
    sent = set(exposure_indicators(findings)) - set(profile_of(findings).unlisted)
    if state.indicators is not None and sent - state.indicators:
        yield Problem(
            f"indicators that are not set up on the server: {_list(sorted(sent - state.indicators))}; have them "
            "set up, or take them out of the country's configuration"
        )


def _unseen_events(
    findings: Findings, state: ServerState, overrides: Overrides, earlier: Mapping[str, str]
) -> Iterator[Problem]:
    """Open events that would be closed without a forecast that says so: a river in alert does not run dry in a day."""
    profile = profile_of(findings)
    going_on = {event.name for event in findings.publishable_events}
    names = [event.name for event in state.open_events or () if is_exercise(event.name) == findings.exercise]
    names = [name for name in names if name not in going_on]
    keys = event_keys(findings, names, state.subjects(profile), earlier)
    known = {key: name for name, key in findings.known.items()}
    unseen = {each.key: each for each in findings.unsafe_to_close}
    for name in names:
        key = keys.get(name)
        if name in overrides.blind or known.get(key or "") in overrides.blind:
            continue
        if key in unseen:
            each = unseen[key]
            why = f"its {profile.subject}{'' if name == each.event_name else ' ' + each.key} is {each.condition} "
            why += f"({each.reason})"
        elif key in known or (key is None and overrides.take_over):
            continue
        elif profile.subject_list is None:
            if key is not None:
                continue  # one of ours, whose like come and go with the forecast
            why = "is of none of our runs"
        elif key is not None:
            why = f"its {profile.subject} {key} is no longer in {profile.subject_list}"
        else:
            why = f"belongs to no {profile.subject} of {profile.subject_list}"
        yield Problem(
            f"event {name} is open on the server and {why}: publishing would close it, a wrong all clear; accept it "
            f"with --accept-blind {name}"
        )


def _foreign_upload(
    findings: Findings, state: ServerState, published: Collection[str], overrides: Overrides
) -> Iterator[Problem]:
    last = state.last_upload
    if last is None or profile_of(findings).issue_time(last) != findings.issue_time or overrides.take_over:
        return
    if date_of_calls(last) not in published:
        yield Problem(
            f"the server has an upload of {last:%Y-%m-%d %H:%M:%S}Z that is not ours: somebody else publishes there; "
            "replace it with --take-over"
        )


def _decisions(findings: Findings, state: ServerState, overrides: Overrides) -> Iterator[Problem]:
    """A revision deletes what people decided on events first issued in its period: the server re-makes those rows.

    Also if the server's last upload is of an earlier period: after a wipe that broke off it is back there.
    """
    if overrides.discard_decisions:
        return
    areas = {event.name: event.areas for event in state.open_events or ()}
    for problem in deleted_decisions(findings, areas, "a new revision"):
        yield replace(problem, of_revision=True)


def _exercise(findings: Findings, state: ServerState) -> Iterator[Problem]:
    """Publishing closes every event that it does not name: an exercise must not end a real alert."""
    real = [event.name for event in state.open_events or () if not is_exercise(event.name)]
    if findings.exercise and real:
        yield Problem(
            f"real events are open there ({_list(real)}) and an exercise would close them: exercise on a server of its "
            "own"
        )


def _mail(findings: Findings, mailed_only: Sequence[str] | None) -> Iterator[Problem]:
    if mailed_only is not None and findings.publishable_events:
        yield Problem(
            f"{mail_coverage_words(findings.country, mailed_only)}; tell the recipients yourself", blocks=False
        )


def _zeros_that_warn(findings: Findings, state: ServerState) -> Iterator[Problem]:
    """Of servers with one alert indicator alone, which cannot tell an area without an alert from a warned one."""
    if plan_part_of(findings).amounts.keys() & state.choice.capabilities.alert_indicators.keys():
        dry = [area.place_code for event in findings.publishable_events for area in event.areas if not area.alerted]
        if dry:
            areas = f"areas without an alert ({listed(dry, 3)})"
            yield Problem(f"this server takes no severity: {areas} may stand there as warned", blocks=False)


def _list(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))
