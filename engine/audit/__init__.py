"""The audit trail: seals over chained histories, their export, and verification without us."""
