"""A look back at the portal: what it must show of a day, written down before publishing, beside what it shows after.

Written from the facts of the server alone. It shares no code with what plans the calls, so that a mistake there is
seen here; an import contract holds that.
"""
