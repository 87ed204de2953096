"""The IBF API: what it can do, the plan for it, and how calls reach it."""
