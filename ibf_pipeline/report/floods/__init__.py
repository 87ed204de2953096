"""What floods add to the frame of a report."""
