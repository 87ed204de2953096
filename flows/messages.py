"""Words of the messages of run states, and names of events: automations and the morning page go by them."""

INPUT_MISSING = "input not available yet"
NOT_PUBLISHED = "alert could not be published"
NOTIFICATION_UNCONFIRMED = "notification unconfirmed"
NOT_NOTIFIED = "not notified"
HELD = "held before the notification"
NOTICE_EVENT = "ibf-pipeline.notice"
HELD_EVENT = "ibf-pipeline.held"
