"""What Python of a made-up machine begins with: this folder stands in its PYTHONPATH."""
