"""Readers of GloFAS discharge: files of either layout to one cube (member, lead_time, station)."""
