"""The house's own coins: its hot address, cold coins, top-ups, moves between its wallets."""
