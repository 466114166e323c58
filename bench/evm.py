"""An EVM chain on a real anvil: payments until all are credited, idling, withdrawals, catching up.

Every ratio is to its floor of the same run: the time in which the node itself hands over the same
facts, raw over one connection that stays open, read and not parsed, and, where rows are written,
one durable commit of the same rows. anvil needs far longer for a block than the nodes of a main
network do: how much of the time is our own is told by the CPU time beside it.
"""

from __future__ import annotations

import argparse

from bench import evm_catch_up, evm_deposits, evm_idle, evm_withdrawals
from bench.evm_house import running_anvil


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--k", type=int, nargs="*", default=[1, 100, 1000])
    parser.add_argument("--watched", type=int, nargs="*", default=[1000, 100_000])
    parser.add_argument("--blocks", type=int, default=3000)
    parser.add_argument("--traffic", type=int, nargs="*", default=[0, 10, 100])
    parser.add_argument("--n", type=int, nargs="*", default=[500])
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with running_anvil() as (node, token):
        print("(a) K payments in blocks, ETH and a token in turn -> all K credited (medians)")
        print(evm_deposits.HEAD)
        for confirmations in (1, 3):
            for count in options.k:
                evm_deposits.print_deposits(
                    node, token, count, confirmations=confirmations, runs=options.runs
                )
        print("\n(b) idle, nothing comes in (medians)")
        print(evm_idle.HEAD)
        for watched in sorted(options.watched):
            evm_idle.print_idle(node, token, watched)
        print("\n(c) withdrawals, ETH and a token in turn -> all broadcast and settled")
        print(evm_withdrawals.HEAD)
        for count in options.n:
            evm_withdrawals.print_withdrawals(node, token, count)
    print("\n(d) catching up with blocks of others' traffic; the first lines have none")
    print(evm_catch_up.HEAD)
    for traffic in options.traffic:
        blocks = max(1, options.blocks // max(1, traffic // 10))
        with running_anvil() as (node, token):
            evm_catch_up.print_catch_up(node, token, blocks, traffic, options.runs)


if __name__ == "__main__":
    main()
