"""The ledger as stored, one definition for SQLite and PostgreSQL. It never decides; it loads and applies."""
