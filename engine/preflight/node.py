"""Checks of one node: reachable, of the right network, caught up, with a wallet that is ours."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from engine.chain import Expectation, Followed, Health, NewAddress, Trust
from engine.config import Currency
from engine.config.currency_table import EMBEDDED
from engine.errors import NodeError
from engine.families import open_followed
from engine.ours import NothingYet
from engine.preflight.addresses import disagreement
from engine.preflight.finding import Finding

# What nodes call themselves, as far as this program was run against them (docs/nodes.md).
TRIED = ("LitecoinCore:0.21.2", "anvil/v1.7", "cashier-embedded")

_PROGRAMS = {"BTC": "bitcoind", "BCH": "bitcoind", "LTC": "litecoind", "DOGE": "dogecoind"}
_CURES = {
    "network": "name a node of this network here, or the network that the node follows",
    "wallet": "load it (`loadwallet`, for good with load_on_startup), or correct /wallet/NAME here",
    "synced": "wait; crediting goes on by itself when the node is well",
    "peers": "look at the node's network",
}
_KEYS = "give the keys with which this installation began"
_ANSWERS = {
    "401": "correct the user and password here, or rpcauth at the node",
    "403": "allow this user the calls that docs/nodes.md lists (rpcwhitelist)",
    "404": "correct the address here; docs/nodes.md shows its form",
    "the node is still starting": "wait; everything goes on by itself",
}


def open_node(currency: Currency) -> Followed:
    """The chain behind a currency's configured node."""
    return open_followed(currency, _url(currency))


def open_alone(currency: Currency) -> Followed:
    """The same where there is no database to ask what is ours."""
    return open_followed(currency, _url(currency), ours=NothingYet())


def _url(currency: Currency) -> str:
    return currency.node.reveal() if currency.node else ""


@dataclass(frozen=True, slots=True)
class NodeCheck:
    """The checks of the node of `currency`, against what is `expected` of it. `opener` makes the
    connection."""

    currency: Currency
    expected: Expectation
    now: datetime
    opener: Callable[[Currency], Followed] = open_node

    def health(self) -> Iterator[Finding]:
        """Whether the node may be believed. One line ends the list where the node is of no use."""
        try:
            with closing(self.opener(self.currency)) as chain:
                yield from self._health(self._ask(chain))
        except NodeError as error:
            yield self._silent(error)

    def everything(self, ours: NewAddress | None) -> Iterator[Finding]:
        """That, and its version and addresses; `ours` is one that it gave us, None before the
        first: then it is asked for one, which is thrown away."""
        try:
            with closing(self.opener(self.currency)) as chain:
                health = self._ask(chain)
                yield from self._health(health)
                yield self._version(health)
                if health.trust is not Trust.NONE:
                    yield from self._address(chain, ours)
        except NodeError as error:
            yield self._silent(error)

    def _ask(self, chain: Followed) -> Health:
        return chain.health(self.expected, now_s=int(self.now.timestamp()))

    def _found(self, check: str, what: str, *, cure: str = "") -> Finding:
        """A finding that is well unless it has a cure."""
        return Finding(
            check=check,
            ok=not cure,
            what=what,
            cure=cure,
            currency=self.currency.symbol,
            key=f"currency.{self.currency.symbol}.node",
        )

    def _health(self, health: Health) -> Iterator[Finding]:
        """The node names its gravest fault only: what it hides is not judged."""
        yield self._found("node", f"answers at {self._place()}")
        fault = self._fault(health)
        tip = "" if health.tip is None else f"block {health.tip.height}"
        wells = {
            "network": f"{self.currency.coin.name} {self.currency.network}",
            "wallet": _wallet(self.currency, health),
            "synced": tip,
            "peers": f"{health.peers or 0}, at least {self.currency.min_peers}",
        }
        for check, what in wells.items():
            if check == fault:
                evm = self.currency.family == "evm" and check == "wallet"
                yield self._found(check, health.reason, cure=_KEYS if evm else _CURES[check])
                return
            yield self._found(check, what)

    def _fault(self, health: Health) -> str:
        """Which check the reason is about, empty for a node that is well."""
        if health.well:
            return ""
        if health.trust is Trust.NONE:
            return "network" if health.reason.startswith("another network") else "wallet"
        lonely = (health.peers or 0) < self.currency.min_peers
        return "peers" if lonely and "peers" in health.reason else "synced"

    def _version(self, health: Health) -> Finding:
        tried = any(health.version.startswith(name) for name in TRIED)
        doubt = "" if tried else ": not tried with this program yet, see docs/nodes.md"
        return self._found("version", f"{health.version or 'unnamed'}{doubt}")

    def _address(self, chain: Followed, ours: NewAddress | None) -> Iterator[Finding]:
        """`ours` passed the wallet's check already: the node knows it as its own."""
        try:
            address = ours or chain.new_addresses(1)[0]
        except NodeError as error:
            evm = self.currency.family == "evm"
            cure = "unlock the wallet and refill it (`walletpassphrase`, `keypoolrefill`)"
            yield self._found("address", str(error), cure=_KEYS if evm else cure)
            return
        wrong = disagreement(self.currency.parameters, address)
        if wrong:
            cure = "correct the coin's prefixes (docs/currencies.md)"
            yield self._found("address", wrong, cure=cure)
        else:
            yield self._found("address", f"{address.address} is ours, and read alike here")

    def _silent(self, error: NodeError) -> Finding:
        program = _PROGRAMS.get(self.currency.coin.symbol, "the node")
        if isinstance(error.__context__, ConnectionRefusedError):
            what = f"connection refused at {self._place()}"
            return self._found("node", what, cure=f"is {program} running?")
        if isinstance(error.__context__, socket.gaierror):
            return self._found("node", f"no such host: {self._place()}", cure="correct it here")
        said = str(error)
        cures = (cure for start, cure in _ANSWERS.items() if said.startswith(start))
        what = f"{said} ({self._place()})"
        return self._found("node", what, cure=next(cures, f"look at the log of {program}"))

    def _place(self) -> str:
        """Host and port of the node, never its user or password."""
        if _url(self.currency).startswith(EMBEDDED):
            return "the embedded chain"
        try:
            url = urlsplit(_url(self.currency))
            port = "" if url.port is None else f":{url.port}"
        except ValueError:
            return "an address that is none"
        return f"{url.hostname or 'nowhere'}{port}"


def _wallet(currency: Currency, health: Health) -> str:
    """What staff should know of a wallet that is in order."""
    if currency.family == "evm":
        return "the keys of cashier.toml; the node has none"
    facts = health.facts
    name = facts.get("walletname", "")
    words = [f"{name!r}" if name else "the node's own"]
    if facts.get("private_keys_enabled") == "False":
        words.append("watch-only: it cannot pay")
    if facts.get("unlocked_until") == "0":
        words.append(f"locked, {facts.get('keypoolsize', '0')} fresh addresses left")
    return ", ".join(words)
