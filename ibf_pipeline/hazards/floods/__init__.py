"""River floods: from the discharge of an ensemble to events, areas, people and stations. Pure functions."""
