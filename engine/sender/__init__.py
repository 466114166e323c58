"""Paying on chain exactly once: choose, sign, store, broadcast, follow, settle."""
