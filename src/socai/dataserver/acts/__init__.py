"""What people do: each act is checked, written with its outbox row in one transaction, and answered."""
