"""The rules of deposits: requests, arrivals, standing, verdicts."""
