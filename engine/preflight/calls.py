"""Checks of what a node that keeps a list of allowed calls lets us do: nothing is carried out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from engine.config import Currency
from engine.errors import NodeError
from engine.preflight.finding import Finding

if TYPE_CHECKING:
    from engine.families.bitcoin.preflight import CallsTold


def check_calls(currency: Currency) -> Iterator[Finding]:
    """A line for each purpose whose calls the node forbids or does not know, one line where it
    allows all. A node that is down is another check's finding."""
    if currency.family != "bitcoin" or currency.node is None:
        return
    from engine.families.bitcoin.preflight import calls_told

    try:
        told = calls_told(currency, currency.node.reveal())
    except NodeError:
        return
    if all(len(each.forbids) + len(each.not_asked) == len(each.wanted) for each in told):
        cure = "allow this user and this machine at the node: rpcwhitelist and rpcallowip"
        yield _found(currency, "it forbids every call", f"{cure}, as docs/nodes.md has them")
        return
    faults = list(_faults(told))
    for what, cure in faults:
        yield _found(currency, what, cure)
    if not faults:
        purposes = ", ".join(each.purpose for each in told)
        yield _found(currency, f"every call is allowed that is needed for {purposes}", "")
    if not_asked := [name for each in told for name in each.not_asked]:
        names = ", ".join(not_asked)
        yield _found(currency, f"not asked, because this node might carry it out: {names}", "")


def _faults(told: Sequence[CallsTold]) -> Iterator[tuple[str, str]]:
    """What is wrong, with its cure."""
    for each in told:
        if each.forbids:
            what = f"it forbids {', '.join(each.forbids)}: needed for {each.purpose}"
            names = ",".join(each.forbids)
            cure = f"add {names} to rpcwhitelist of this user at the node, and start it again"
            yield what, f"{cure}; docs/nodes.md has the whole line"
        if each.not_know:
            what = f"it does not know {', '.join(each.not_know)}: needed for {each.purpose}"
            yield what, "use a node that docs/nodes.md names"


def _found(currency: Currency, what: str, cure: str) -> Finding:
    return Finding(
        check="calls",
        ok=not cure,
        what=what,
        cure=cure,
        currency=currency.symbol,
        key=f"currency.{currency.symbol}.node",
    )
