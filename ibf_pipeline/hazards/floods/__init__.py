"""River floods: from the discharge of an ensemble to events, areas, people and stations. Pure functions.

Rules are numbered as in docs/design/floods.md, which says where each comes from.
"""
