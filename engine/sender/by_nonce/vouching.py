"""What vouches for a log where the node has forgotten the balances of its block: the addresses that
it names hold at the tip just what our rows say, with what the log says among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine import outflows
from engine.holdings import Key
from engine.sender.by_nonce.looks import Look, send_of
from engine.sending import Payer


def vouched(payer: Payer, chain: str, looks: Sequence[Look]) -> list[Look]:
    """Those of `looks`, all at one tip and each with an attempt in a block, which the balances of
    that tip bear out. Everything that we sent must be in our rows up to it. Raises NodeDown."""
    named = [_ours(payer, look) for look in looks]
    keys = sorted({key for each in named for key in each})
    if not keys:
        return []
    tip = looks[0].tip
    told = dict(zip(keys, payer.balances(keys, at=tip.hash), strict=True))
    held = outflows.held(chain, addresses={address for _, address in keys}, height=tip.height)
    agreed = {key for key in keys if told[key] is not None and told[key] == held.get(key, 0)}
    return [
        replace(look, vouched=True) for look, its in zip(looks, named, strict=True) if its <= agreed
    ]


def _ours(payer: Payer, look: Look) -> set[Key]:
    """The addresses of ours between which its chain tx moved something, each with its currency."""
    winner = look.winner
    assert winner is not None
    send = send_of(winner)
    ends = {send.source} | ({send.to} if payer.owns(send.to) else set())
    return {(send.currency, address) for address in ends}
