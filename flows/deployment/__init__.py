"""What a Prefect server is told: deployments, automations, starts of runs."""
