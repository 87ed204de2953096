"""What an IBF server shows while a revision is half made (pure).

Tried on the real server: on a new day GET event answers `[]` from the first exposure row until events/process, whatever
was open before; in place of an earlier upload of the day it shows nothing, or events without their flags. In a new
block of the same day it answers 500 if two or more events were open, else it lists the one without its flags.
"""

from __future__ import annotations

from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.targets.ibf.bodies import EXPOSURE
from ibf_pipeline.targets.ibf.capabilities import API_BEFORE_0_284
from ibf_pipeline.targets.ibf.revision import PROCESSING
from ibf_pipeline.targets.incomplete_day import PortalContent


def shows(revision: Revision) -> PortalContent:
    """What the server shows of a revision that is not finished, by which of its calls were made."""
    state, calls = revision.state(), revision.calls()
    exposure = [call for call in calls if call.path == EXPOSURE]
    known = [state.progress.last_state(call.number) for call in exposure]
    processed = [state.progress.last_state(call.number) for call in calls if call.path in PROCESSING]
    if state.is_uploaded:
        return "the day"
    if not state.was_begun:
        return "as before"
    if revision.about().capabilities == API_BEFORE_0_284.name:  # it makes events of every row at once
        return "parts"
    if "done" in processed:
        return "the day"
    if "done" not in known or any(processed):
        return "perhaps nothing"
    replaces = any(call.body is not None and call.body["exposurePlaceCodes"] == [] for call in exposure)
    return "parts" if replaces else "nothing"
