"""What today's pipelines fail at, as a checklist: every item names a test that exists."""

from __future__ import annotations

import ast
from dataclasses import replace

import pytest

from ibf_pipeline.publish.call import FileBody
from ibf_pipeline.targets.ibf.capabilities import API_FROM_0_284
from tests.conftest import ROOT
from tests.targets.test_planner import BUSY, plan

DEFECTS = "test_defects_of_todays_pipelines.py"
ENSEMBLE = "bad_input/test_ensemble.py"
SEQUENCES = "publish/test_day_sequences.py"
ITEMS = {
    "lead-0 data": (DEFECTS, "test_defect_06_lead_time_0_is_taken_for_none"),
    "1, 2, 3 warning days before a trigger": (DEFECTS, "test_defect_01_trigger_lost_after_two_warning_days"),
    "trigger beyond the lead time limit": ("hazards/floods/forecast/test_classes.py", "test_beyond_the_limit_a_trigger_is_a_medium_warning"),  # noqa: E501
    "trigger, then fall": (DEFECTS, "test_defect_10_alerts_per_lead_time_never_end"),
    "two stations of one name": ("hazards/floods/forecast/test_classes.py", "test_names_that_cannot_identify_an_event_fall_back_to_the_code"),  # noqa: E501
    "station without areas": (DEFECTS, "test_defect_12_the_no_alert_upload_follows_an_active_trigger"),
    "area without threshold": (DEFECTS, "test_defect_11_an_area_without_threshold_ends_the_upload"),
    "34, 50 and 0 members": (DEFECTS, "test_defect_13_missing_members_shrink_the_denominator_in_silence"),
    "a member NaN at one step": (ENSEMBLE, "test_a_step_missing_in_one_member_lowers_the_count_of_that_day"),
    "5-year trigger with maps from 10 years": ("hazards/floods/test_day.py", "test_below_the_smallest_map_an_extent_can_be_empty"),  # noqa: E501
    "two events, one lead time, one raster": (DEFECTS, "test_two_events_on_one_lead_time_share_one_raster"),
    "trigger of the deepest level alone": (DEFECTS, "test_defect_04_grand_parents_are_not_triggered"),
    "re-run that drops an event": (SEQUENCES, "test_a_rerun_of_the_same_day_drops_what_has_vanished"),
    "the same date in every body": ("targets/test_planner.py", "test_every_plan_ends_with_the_one_notification_and_has_one_date"),  # noqa: E501
    "two days of a backfill in order": (SEQUENCES, "test_days_back_to_back_without_notifications"),
    "404 on the map image": ("test_checklist.py", "test_a_server_without_map_images_is_sent_none"),
    "5xx on one call, then resume": ("publish/test_fault_matrix.py", "test_every_call_spoiled_in_turn"),
    "zero-byte cache": (DEFECTS, "test_defect_05_a_zero_byte_file_is_taken_for_a_download"),
    "v4 thresholds with v5 data": (ENSEMBLE, "test_v4_thresholds_with_v5_data"),
}  # fmt: skip


@pytest.mark.parametrize("item", list(ITEMS))
def test_every_item_has_a_test(item: str) -> None:
    file, name = ITEMS[item]
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_a_server_without_map_images_is_sent_none() -> None:
    """Current servers answer 404 there: the call is in no plan for them, so that it can end no upload."""
    image = {"G1": FileBody("files/G1.png", "G1.png", "0" * 64)}
    assert not [call for call in plan(BUSY, map_images=image) if "map-image" in call.path]
    taking = replace(API_FROM_0_284, map_image=True)
    assert len([call for call in plan(BUSY, taking, map_images=image) if "map-image" in call.path]) == 1
