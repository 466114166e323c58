"""Paying exactly once where each address counts its sends: one chain tx for one payment, the coin
and the tokens of a chain in one sequence of numbers for each address."""
