"""The books against the chain: both sides at one block hash, and a name for every difference."""
