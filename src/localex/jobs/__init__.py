"""The outbox: work that follows from a transaction, kept in PostgreSQL and done by workers. See docs/jobs.md."""
