"""The folder of a run: what a day found, what was published of it, and what people have decided since."""
