"""Benchmarks that print ratios: ours against what the node and the database need by themselves."""
