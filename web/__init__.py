"""The cashier page, the client API and its live feed (Tornado). Holds no node and no key."""
