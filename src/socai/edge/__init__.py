"""What both tiers need at the rim: HTTP frame, client, settings, logs, metrics, the embedded database server."""
