"""From discharge of an ensemble to alert classes, triggers and events: pure functions on labelled arrays."""
