"""The records: what must survive a machine, in one SQL database with one schema."""
