"""The office building: save, outbox, replica, agent. It never imports the cloud."""
