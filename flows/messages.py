"""Words that messages of run states begin with, and names of events: automations go by them."""

INPUT_MISSING = "input not available yet"
NOT_PUBLISHED = "alert could not be published"
NOTIFICATION_UNCONFIRMED = "notification unconfirmed"
NOTICE_EVENT = "ibf-pipeline.notice"
