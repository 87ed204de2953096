"""Where parts are put together: configuration, environment and clock enter here and nowhere else."""
