"""The pure leg of each hazard: forecast values in, findings out."""
