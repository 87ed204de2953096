"""The page of the morning: every country and hazard of a day on one page that is read in ten seconds."""
