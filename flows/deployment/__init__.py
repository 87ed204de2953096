"""What a Prefect server is told: deployments and automations."""
