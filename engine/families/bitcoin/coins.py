"""Which coins the wallet has at one block, also those that `listunspent` keeps to itself.

That call leaves out what is locked, what is immature, and what an unconfirmed chain tx of the
wallet spends: all of these are in the chain as much as the others, so each is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.chain import Unspent
from engine.config import Currency
from engine.errors import NodeRefused, TipMoved
from engine.families.bitcoin.dialect import UNKNOWN_METHOD, Dialect, address_info
from engine.families.bitcoin.transport import Caller
from engine.families.bitcoin.values import (
    OddValue,
    address_of,
    hash_of,
    number_of,
    script_of,
    table_of,
    units_of,
)

CONFIRMATIONS_MAX = 9_999_999
SENDS_ASKED_MAX = 2_000  # a spender that is not among so many newest is not found
CHAIN_ONLY = (False,)  # `gettxout` would take the mempool into account
_OURS = ("ismine", "iswatchonly", "solvable")

Coin = tuple[str, str]  # txid and index


@dataclass(slots=True)
class CoinReader:
    """Answers one question; made anew for the next. Every method raises OddValue, NodeDown and
    NodeRefused."""

    currency: Currency
    node: Caller
    spoken: Callable[[], Dialect]

    def coins(self, at: str) -> list[Unspent]:
        """As `engine.chain.Chain.coins`. The order matters: a coin that is locked, unlocked or
        spent while we ask is in one of the lists that are read later, and counted once."""
        self._require_tip(at)
        height = number_of(table_of(self.node.call("getblockheader", at)).get("height"))
        locked = self._locks()
        found = {coin.coin: coin for coin in self._listed(height)}
        locked |= self._locks()
        rows = self._recent(height)
        found |= {coin.coin: coin for coin in self._immature(rows, height)}
        for place in sorted(locked - found.keys()):
            if (coin := self._in_chain(place, height)) is not None:
                found[place] = coin
        found |= {coin.coin: coin for coin in self._spent_outside(rows, height)}
        self._require_tip(at)
        return [found[coin] for coin in sorted(found)]

    def mark(self) -> str:
        """As `engine.chain.Chain.coins_mark`: how many chain txs, and what they sum to."""
        wallet = table_of(self.node.call("getwalletinfo"))
        try:
            parts = table_of(self.node.call("getbalances"))
        except NodeRefused as error:
            if error.rpc_code != UNKNOWN_METHOD:
                raise
            parts = {"wallet": wallet}
        figures = [
            # A reward that matures is the same coin.
            (name, self._sum(part, "trusted", "balance", "immature", "immature_balance"))
            for name, part in sorted(parts.items())
            if isinstance(part, dict)
        ]
        return f"{wallet.get('txcount')} {figures}"

    def spenders(self, coins: Collection[Coin], *, since: int) -> dict[Coin, str]:
        """The txid that spends each coin: one in a block rather than one outside, a new one rather
        than an old one."""
        wanted, found = set(coins), dict[Coin, str]()
        before = self._hash_at(since - 1) if since > 0 else None
        rows = list(reversed(self._rows(before)))
        depths = [(_depth(row), _txid(row)) for row in rows if _is_send(row)]
        sends = [txid for depth, txid in depths if depth > 0]
        sends += [txid for depth, txid in depths if depth == 0]
        for txid in list(dict.fromkeys(sends))[:SENDS_ASKED_MAX]:
            if wanted <= found.keys():
                break
            for coin in self._inputs(txid):
                if coin in wanted:
                    found.setdefault(coin, txid)
        return found

    # --- the four places in which a wallet has coins ---

    def _listed(self, height: int) -> Iterator[Unspent]:
        more: tuple[object, ...] = ()
        if self.spoken().cashaddr:
            # Coins that carry tokens are left out unless they are asked for.
            more = (CONFIRMATIONS_MAX, [], True, {"includeTokens": True})
        for row in _tables(self.node.call("listunspent", 1, *more)):
            confirmations = number_of(row.get("confirmations"), least=1)
            yield Unspent(
                txid=hash_of(row.get("txid")),
                index=f"vout:{number_of(row.get('vout'))}",
                currency=self.currency.symbol,
                address=_address_or_script(row.get("address"), row.get("scriptPubKey")),
                units=units_of(row.get("amount"), self.currency.decimals),
                height=height - confirmations + 1,
            )

    def _locks(self) -> set[Coin]:
        return {_place(row) for row in _tables(self.node.call("listlockunspent"))}

    def _immature(self, rows: list[Mapping[str, Any]], height: int) -> Iterator[Unspent]:
        for row in rows:
            if row.get("category") == "immature" and (confirmations := _depth(row)) > 0:
                yield Unspent(
                    txid=_txid(row),
                    index=f"vout:{number_of(row.get('vout'))}",
                    currency=self.currency.symbol,
                    address=address_of(row.get("address")),
                    units=units_of(row.get("amount"), self.currency.decimals),
                    height=height - confirmations + 1,
                    generated=True,
                )

    def _spent_outside(self, rows: list[Mapping[str, Any]], height: int) -> Iterator[Unspent]:
        """Inputs of the wallet's unconfirmed chain txs that are in the chain and ours."""
        outside = (row for row in rows if _is_send(row) and _depth(row) == 0)
        for txid in sorted({_txid(row) for row in outside}):
            for place in self._inputs(txid):
                coin = self._in_chain(place, height, spender=txid)
                if coin is not None and self._is_ours(coin.address):
                    yield coin

    # --- single questions ---

    def _require_tip(self, at: str) -> None:
        if hash_of(self.node.call("getbestblockhash")) != at:
            raise TipMoved("the node's chain moved on while it was counted")

    def _recent(self, height: int) -> list[Mapping[str, Any]]:
        """Rows of the list that may show an immature reward, and all that are in no block."""
        oldest = height - self.currency.parameters.maturity
        return self._rows(self._hash_at(oldest) if oldest >= 0 else None)

    def _rows(self, since: str | None) -> list[Mapping[str, Any]]:
        params = (since or "", 1, *self.spoken().with_watched)
        return list(
            _tables(table_of(self.node.call("listsinceblock", *params)).get("transactions"))
        )

    def _hash_at(self, height: int) -> str:
        return hash_of(self.node.call("getblockhash", height))

    def _in_chain(self, place: Coin, height: int, *, spender: str | None = None) -> Unspent | None:
        """The coin as the chain itself has it, whatever the mempool does with it."""
        txid, index = place
        reply = self.node.call("gettxout", txid, int(index.removeprefix("vout:")), *CHAIN_ONLY)
        if reply is None:
            return None
        row = table_of(reply)
        script = table_of(row.get("scriptPubKey"))
        listed = script.get("addresses")
        first = listed[0] if isinstance(listed, list) and listed else None
        return Unspent(
            txid=txid,
            index=index,
            currency=self.currency.symbol,
            address=_address_or_script(script.get("address", first), script.get("hex")),
            units=units_of(row.get("value"), self.currency.decimals),
            height=height - number_of(row.get("confirmations"), least=1) + 1,
            generated=row.get("coinbase") is True,
            spender=spender,
        )

    def _inputs(self, txid: str) -> list[Coin]:
        raw = script_of(table_of(self.node.call("gettransaction", txid)).get("hex"))
        decoded = table_of(self.node.call("decoderawtransaction", raw))
        return [_place(spent) for spent in _tables(decoded.get("vin")) if "coinbase" not in spent]

    def _sum(self, part: Mapping[str, Any], *names: str) -> int:
        return sum(units_of(part[name], self.currency.decimals) for name in names if name in part)

    def _is_ours(self, address: str) -> bool:
        try:
            info = address_info(self.node, self.spoken(), address)
        except NodeRefused:
            return False  # a script without an address
        return any(info.get(key) is True for key in _OURS)


def _tables(rows: object) -> Iterator[Mapping[str, Any]]:
    if not isinstance(rows, list):
        raise OddValue("no list")
    for row in rows:
        yield table_of(row)


def _depth(row: Mapping[str, Any]) -> int:
    """Confirmations; below zero for one that a conflict excludes."""
    return number_of(row.get("confirmations"), least=-(2**31))


def _txid(row: Mapping[str, Any]) -> str:
    return hash_of(row.get("txid"))


def _place(row: Mapping[str, Any]) -> Coin:
    return _txid(row), f"vout:{number_of(row.get('vout'))}"


def _is_send(row: Mapping[str, Any]) -> bool:
    """It spends coins of ours and was not given up: an abandoned one leaves them spendable."""
    return row.get("category") == "send" and row.get("abandoned") is not True


def _address_or_script(address: object, script: object) -> str:
    """The coin's address; a script that has none is named by its bytes."""
    return f"script:{script_of(script)}" if address is None else address_of(address)
