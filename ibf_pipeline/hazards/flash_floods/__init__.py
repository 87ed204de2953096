"""Flash floods, from the rain of areas to findings: pure functions on values.

Rules are numbered as in docs/design/flash-floods.md, which says where each comes from.
"""
