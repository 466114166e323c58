"""Which calls a node lets us make: asked before coins arrive, and none of them carried out.

Each call is asked with an argument of a name that no call has. A node looks at its list of allowed
calls (`rpcwhitelist`) first, answering HTTP 403, then at the names of arguments, and only then
enters the call: one that is allowed is refused for the name, whatever it would have done. Were the
name passed over, the call would have no arguments: then those that act without any are not asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from functools import cache

from engine.config import Currency
from engine.errors import NodeError, NodeForbids, NodeRefused
from engine.families.bitcoin.calls import ACTING, COLD, DEPOSITS, SPARED, UNLOCKING, WITHDRAWALS
from engine.families.bitcoin.dialect import UNKNOWN_METHOD, ask_dialect
from engine.families.bitcoin.transport import Transport
from engine.families.bitcoin.watching import Watching, Way

NO_NAME = "of_no_call"
TELLS = "getblockchaininfo"  # needs no arguments: its refusal shows that names are looked at


class Answer(Enum):
    """What a node says to a call with an argument that no call has."""

    REFUSED = "refused"  # for that argument: the call is allowed
    FORBIDDEN = "forbidden"
    UNKNOWN = "unknown"
    DONE = "done"  # the name was passed over


@dataclass(frozen=True, slots=True)
class CallsTold:
    """What a node says to the calls of one `purpose`: those that it `forbids`, those that it does
    `not_know` and we need, and those that were `not_asked`, because it might carry them out."""

    purpose: str
    wanted: frozenset[str]
    forbids: tuple[str, ...]
    not_know: tuple[str, ...]
    not_asked: tuple[str, ...]


def calls_told(currency: Currency, node_url: str) -> list[CallsTold]:
    """By purpose, as far as this currency's configuration and wallet have it. Raises NodeDown."""
    with closing(Transport(node_url)) as node:
        careful = _answer(node, TELLS) is not Answer.REFUSED
        return [
            _told(node, purpose, frozenset(names), careful=careful)
            for purpose, names in _wanted(currency, node)
        ]


def _wanted(currency: Currency, node: Transport) -> Iterator[tuple[str, frozenset[str]]]:
    by_old_call = _answer(node, "getaddressinfo") is Answer.UNKNOWN
    other_spellings = currency.parameters.cashaddr_prefix is not None
    spared = frozenset() if by_old_call or other_spellings else {"validateaddress"}
    yield "deposits and reconciliation", DEPOSITS - spared
    if _has_keys(node):
        locked = currency.keys is not None and currency.keys.passphrase is not None
        yield "withdrawals", WITHDRAWALS - (frozenset() if locked else UNLOCKING)
    if currency.cold is not None and not _watches(currency, node, currency.cold.address):
        yield "the cold wallet", COLD


def _told(node: Transport, purpose: str, wanted: frozenset[str], *, careful: bool) -> CallsTold:
    not_asked = wanted & ACTING if careful else frozenset()
    answers = {name: _answer(node, name) for name in sorted(wanted - not_asked)}
    unknown = _those(answers.items(), Answer.UNKNOWN)
    return CallsTold(
        purpose,
        wanted,
        forbids=_those(answers.items(), Answer.FORBIDDEN),
        not_know=tuple(name for name in unknown if name not in SPARED),
        not_asked=tuple(sorted(not_asked)),
    )


def _those(answers: Iterable[tuple[str, Answer]], kind: Answer) -> tuple[str, ...]:
    return tuple(name for name, answer in answers if answer is kind)


def _answer(node: Transport, name: str) -> Answer:
    try:
        node.call_named(name, **{NO_NAME: 0})
    except NodeForbids:
        return Answer.FORBIDDEN
    except NodeRefused as error:
        return Answer.UNKNOWN if error.rpc_code == UNKNOWN_METHOD else Answer.REFUSED
    return Answer.DONE


def _has_keys(node: Transport) -> bool:
    """A wallet that only watches pays nobody; one that does not say so has keys."""
    try:
        info = node.call("getwalletinfo")
    except NodeError:
        return True
    return not (isinstance(info, dict) and info.get("private_keys_enabled") is False)


def _watches(currency: Currency, node: Transport, address: str) -> bool:
    """Whether a wallet of the node does, or none can be asked: that is another check's finding."""
    spoken = cache(lambda: ask_dialect(node, currency.parameters))
    with closing(Watching(node, address, spoken)) as watching:
        try:
            return watching.way() in {Way.WALLET, Way.BESIDE}
        except NodeForbids:
            return False
        except NodeError:
            return True
