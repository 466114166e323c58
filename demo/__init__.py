"""The sandbox: development nodes, a faucet, a miner and a small trading site around a real cashier.

It may import anything; nothing imports it but cashier.py, when `cashier demo` is asked for.
"""
