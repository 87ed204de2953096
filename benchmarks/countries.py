"""55 generated countries, a whole flood day each: one after the other, and by two processes.

Every country is a square of 25 areas and 5 stations with 7 flood maps, on which one station triggers and one warns; a
day is forecast files read, events and people found, rasters written, calls planned and made, the report left out. The
target is the files target unless `--sandbox` names the built-in server, of which there is then one, in a process of
its own. Countries are prepared first; that is timed by itself. `linear` compares the seconds a country of all countries
with those of the first fifth of them: 1.0 is exactly linear.
"""
