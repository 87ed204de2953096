"""Files of cyclone tracks to one labelled dataset, `domain/tracks.py`."""
