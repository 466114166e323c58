"""The client's side of withdrawals: request, decision, limits, cancel. No node is needed."""
