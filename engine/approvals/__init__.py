"""What staff sign, who may sign it, and what the engine does with it.

`cashier` and the console make a plan of the act, show it and sign its form with the person's
OpenSSH key; the engine makes the same plan anew, and carries it out only if nothing differs.
"""
