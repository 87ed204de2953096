"""Where a plan is published: a target is a pure planner and a transport."""
