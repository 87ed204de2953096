"""What is registered on a Prefect server: deployments and automations."""
