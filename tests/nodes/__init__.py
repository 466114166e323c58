"""Chains to test against: a real litecoind, an in-memory fake, and a proxy that breaks replies."""
