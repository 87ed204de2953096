"""The report of a run: one self-contained page for people, and the same content as data beside it."""
