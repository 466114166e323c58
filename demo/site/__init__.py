"""A small trading site, as a neighbour of the cashier sees it: clients, their balances, a Deposit
button that does the real handshake, and a faucet in place of the outside world."""
