"""An IBF server as a target: asked first, planned for, published to."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.prepare.store import PlaceCodes, prepared_codes
from ibf_pipeline.publish.call import FileBody
from ibf_pipeline.publish.publisher import NotificationMode
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import Clock, require_not_withdrawn
from ibf_pipeline.runs.notification_hold import Destination, is_to_wait, require_silent
from ibf_pipeline.runs.publication_history import publication_history
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.revision_staging import attach_file
from ibf_pipeline.runs.verification import Verification
from ibf_pipeline.targets.ibf.decisions import decisions_since
from ibf_pipeline.targets.ibf.lookback.verification import look_back
from ibf_pipeline.targets.ibf.preflight import check_server
from ibf_pipeline.targets.ibf.publication import carry_out, makes_calls
from ibf_pipeline.targets.ibf.revision import (
    PlanningInput,
    is_newest,
    may_be_shown,
    new_revision,
    planned,
    require_resumable,
    require_undisturbed,
    server_seems_to_have_plan,
)
from ibf_pipeline.targets.ibf.state import ServerState, read_last_upload, read_state
from ibf_pipeline.targets.ibf.timestamp import revision_timestamp
from ibf_pipeline.targets.ibf.transport import IbfClient
from ibf_pipeline.targets.problems import Overrides, Problem, of_any_day, require_publishable, unreadable_extents
from ibf_pipeline.targets.target import MakeExtents, Publication, RevisionDraft, attach_extents

log = logging.getLogger(__name__)

DrawMaps = Callable[[Findings, RunFolder], Mapping[str, Path]]


@dataclass(frozen=True, slots=True)
class IbfTarget:
    """One country on an IBF server."""

    client: IbfClient
    destination: Destination
    prepared: Path
    """the country's prepared layers"""
    now: Clock
    capabilities: str = "auto"
    draw_maps: DrawMaps | None = None
    """the map of each event, for countries that want them in the mail; uploaded if the server takes one"""
    place_codes: PlaceCodes = prepared_codes
    """of the country's areas as they are here, for servers that do not tell theirs"""
    mailed_only: tuple[str, ...] | None = None
    """the countries that the server mails about if this one is not one of them; None if it is"""

    @property
    def name(self) -> str:
        """As in the settings."""
        return self.destination.target

    def draft(self, findings: Findings, run: RunFolder, staging: Path) -> RevisionDraft:
        """The plan of a day as it would be published now."""
        day = self._asked(findings, run, take_over=True).with_sent_points(run)
        return planned(day, attach_extents(findings, run, staging))

    def revise(
        self,
        findings: Findings,
        run: RunFolder,
        overrides: Overrides,
        *,
        extents: MakeExtents | None = None,
        withdraws: tuple[str, ...] = (),
    ) -> Revision | None:
        """Compare the day with what the server knows, and allot a revision if there is something new."""
        iso3 = findings.country
        day = self._asked(findings, run, take_over=overrides.take_over)
        choice = day.state.choice
        log.info("%s: capabilities `%s`: %s", iso3, choice.capabilities.name, choice.reason)
        for text in self._left_out(day.state):
            log.warning("%s: %s", iso3, text)
        problems = self._problems(day, overrides)
        if extents is None:
            problems += unreadable_extents(findings, run)
        always, of_revision = of_any_day(problems)
        for text in require_publishable(always, self.client.base):
            log.warning("%s: %s", iso3, text)
        return new_revision(
            day,
            run,
            extents=extents,
            map_images=partial(self._map_images, findings, run) if self.draw_maps else None,
            withdraws=withdraws,
            publish_withdrawn=overrides.withdrawn,
            deletes=of_revision,
        )

    def require_allowed(self, findings: Findings, run: RunFolder, overrides: Overrides) -> None:
        """Time only moves forward, the server fits, and nothing that an operator withdrew comes back unasked."""
        day = self._asked(findings, run, take_over=overrides.take_over)
        latest, state = day.past.latest, day.state
        revision_timestamp(profile_of(findings), findings.issue_time, day.past.next_number, state.last_upload)
        always, of_revision = of_any_day(self._problems(day, overrides))
        require_publishable(always, self.client.base)
        if of_revision and not server_seems_to_have_plan(day):
            require_publishable(of_revision, self.client.base)
        if latest is not None and is_newest(latest, state) and not overrides.withdrawn:
            require_not_withdrawn(findings, latest)

    def require_resumable(
        self, revision: Revision, overrides: Overrides, *, end: NotificationMode | None = None
    ) -> None:
        """Check that a revision may be gone on with; parameters as `OpenTarget.require_resumable`.

        Raises
        ------
        ForbiddenByRule
            If the server has gone on or changed since, or the revision would notify and this run may not.
        ServerRefused
            If the calls that are left would delete what people have decided meanwhile.
        """
        found = revision.findings()
        own = revision.run.dates(self.name)
        last_upload = read_last_upload(self.client, found.country, profile_of(found).disaster_type, own)
        require_resumable(revision, last_upload)
        if not self.destination.notify:
            require_silent(revision)
        if makes_calls(revision, end, holds=is_to_wait(revision, self.destination, end)):
            require_undisturbed(revision, last_upload)
            if not overrides.discard_decisions:
                require_publishable(decisions_since(revision, self.client), self.client.base)

    def carry_out(self, revision: Revision, *, end: NotificationMode | None = None) -> Publication:
        """Make the calls of a revision that are not done yet; the last one notifies."""
        there, only = self.destination, self.mailed_only
        return carry_out(revision, self.client, self.now, destination=there, end=end, mailed_only=only)

    def look_back(self, revision: Revision) -> Verification:
        """Read back what the server shows."""
        return look_back(revision, self.client, self.now)

    def _left_out(self, state: ServerState) -> Iterator[str]:
        """What this server cannot do of what was asked for."""
        able = state.choice.capabilities
        if not self.destination.notify and able.silent_parameter is None:
            yield "this server cannot end a run without notifying: that call is left out, events are closed without it"
        if self.draw_maps and not able.map_image:
            yield "this server takes no map images: none are uploaded"

    def _asked(self, findings: Findings, run: RunFolder, *, take_over: bool) -> PlanningInput:
        """With what the server says of the country."""
        past, profile = publication_history(run, self.name, may_be_shown), profile_of(findings)
        state = read_state(self.client, findings.country, profile, self.capabilities, past, take_over=take_over)
        return PlanningInput(findings, past, state, self.place_codes(self.prepared, findings), self.destination)

    def _problems(self, day: PlanningInput, overrides: Overrides) -> list[Problem]:
        past, mailed_only = day.past, self.mailed_only if self.destination.notify else None
        return check_server(
            day.found, day.state, day.prepared, past.uploaded_dates, overrides, past.event_keys, mailed_only
        )

    def _map_images(self, findings: Findings, run: RunFolder, staging: Path) -> Mapping[str, FileBody]:
        """The maps of all events; none if they cannot be drawn, which never stops an alert."""
        try:
            files = self.draw_maps(findings, run) if self.draw_maps else {}
        except Exception:
            log.exception("%s: the map images could not be drawn; the alert goes out without them", findings.country)
            return {}
        return {name: attach_file(staging, file, file.name) for name, file in files.items()}
