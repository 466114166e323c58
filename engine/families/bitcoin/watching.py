"""How a node watches the cold address, and one voice for all ways: whoever asks the wallet hears of
cold coins as an old wallet tells of what it watches beside its keys.

A wallet of the newer kind has keys or watches, never both, and its node has dropped the words for
the difference. Then a second wallet of the same node watches, or the unspent coins are scanned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from enum import Enum
from typing import Any

from engine.errors import NodeRefused
from engine.families.bitcoin.dialect import (
    UNKNOWN_METHOD,
    Dialect,
    WalletKind,
    address_info,
    kind_of_wallet,
)
from engine.families.bitcoin.transport import Caller, Transport
from engine.families.bitcoin.values import OddValue, hash_of, number_of, table_of

NOT_FOUND = -5
WALLETS_MAX = 20  # of a node are looked at
READ_MAX = 10_000  # chain txs that are remembered
SCAN_TIMEOUT_S = 600  # a scan reads every unspent coin of the chain
CHAIN_ONLY = False  # `gettxout` as the chain has it, whatever the mempool does
_OURS = ("ismine", "iswatchonly")
_PAYS = frozenset({"receive", "generate", "immature"})

Row = Mapping[str, Any]


class Way(Enum):
    """Who watches the cold address, in words for people."""

    WALLET = "by the node's wallet"
    BESIDE = "by another wallet of the node, which has no keys"
    SCAN = "by scans of the node's unspent coins: slow on a large chain"
    NOBODY = "by nobody"


class Watching:
    """Calls to a node whose wallet may not watch `address` itself. The way is found once for a
    connection. One thread owns an instance."""

    def __init__(self, node: Transport, address: str, spoken: Callable[[], Dialect]) -> None:
        self._node = node
        self._address = address
        self._spoken = spoken
        self._way: Way | None = None
        self._beside: Transport | None = None
        self._beside_kind = WalletKind.DESCRIPTORS
        self._patient: Transport | None = None
        self._scanned: dict[str, Row] = {}
        self._read: dict[str, tuple[tuple[int, object], ...]] = {}
        self._more: dict[str, Callable[..., Any]] = {
            "listsinceblock": self._list,
            "listunspent": self._unspent,
            "getbalances": self._balances,
            "gettransaction": self._chain_tx,
        }

    @property
    def calls(self) -> int:
        """RPC calls made so far, those to a second wallet too."""
        others = (self._beside, self._patient)
        return self._node.calls + sum(each.calls for each in others if each is not None)

    def call(self, method: str, *params: object) -> Any:
        """As `Transport.call`."""
        if method in self._more and self.way() in {Way.BESIDE, Way.SCAN}:
            return self._more[method](*params)
        reply = self._node.call(method, *params)
        if params == (self._address,) and method == self._spoken().address_call.value:
            if self._way is Way.NOBODY:
                self._way = None  # somebody may have seen to it meanwhile
            return {**table_of(reply), "iswatchonly": self.way() is not Way.NOBODY}
        return reply

    def close(self) -> None:
        """Drop every connection; the next call looks anew who watches."""
        for each in (self._node, self._beside, self._patient):
            if each is not None:
                each.close()
        self._way = None

    def way(self) -> Way:
        """Who watches the cold address. Raises NodeDown, NodeRefused."""
        if self._way is None:
            self._way = self._find()
        return self._way

    def _find(self) -> Way:
        if self._is_watched(self._node):
            return Way.WALLET
        self._beside = self._find_beside()
        if self._beside is not None:
            return Way.BESIDE
        if self._spoken().wallet_kind is WalletKind.DESCRIPTORS and _scans(self._node):
            return Way.SCAN
        return Way.NOBODY

    def _find_beside(self) -> Transport | None:
        """Another wallet of the node that watches the address. One with keys is somebody's own, and
        let alone."""
        try:
            names = self._node.call("listwallets")
        except NodeRefused as error:
            if error.rpc_code != UNKNOWN_METHOD:
                raise
            return None
        for name in names[:WALLETS_MAX] if isinstance(names, list) else ():
            other = self._node.beside(str(name))
            with ExitStack() as unless_kept:
                unless_kept.callback(other.close)
                info = table_of(other.call("getwalletinfo"))
                if info.get("private_keys_enabled") is False and self._is_watched(other):
                    self._beside_kind = kind_of_wallet(info)
                    unless_kept.pop_all()
                    return other
        return None

    def _is_watched(self, node: Caller) -> bool:
        try:
            info = address_info(node, self._spoken(), self._address)
        except NodeRefused as error:
            if error.rpc_code == NOT_FOUND:
                return False
            raise
        return any(info.get(key) is True for key in _OURS)

    # --- what the wallet would say if it watched ---

    def _list(self, *params: object) -> Any:
        reply = table_of(self._node.call("listsinceblock", *params))
        since, rows = params[0] if params else "", _rows(reply)
        if self._beside is not None:
            with_watched = (True,) if self._beside_kind is WalletKind.LEGACY else ()
            asked = (since, 1, *with_watched)
            listed = _rows(table_of(self._beside.call("listsinceblock", *asked)))
            more = [_watched(row) for row in listed if self._is_cold(row)]
        else:
            more = [*self._beside_ours(rows), *(self._scanned_rows() if not since else ())]
        return {**reply, "transactions": [*rows, *_once(more)]}

    def _is_cold(self, row: Row) -> bool:
        """A coin at the cold address, or a chain tx that spends one: the second wallet may watch
        more than that."""
        pays = row.get("category") in _PAYS
        return not pays or row.get("address") == self._address

    def _unspent(self, *params: object) -> Any:
        reply = self._node.call("listunspent", *params)
        if not isinstance(reply, list):
            raise OddValue("listunspent: no list")
        if self._beside is None:
            return [*reply, *self._scan()]
        more = self._beside.call("listunspent", *params)
        cold = (row for row in more if table_of(row).get("address") == self._address)
        return [*reply, *cold]

    def _balances(self) -> Any:
        reply = table_of(self._node.call("getbalances"))
        if self._beside is None:
            return reply
        cold = table_of(self._beside.call("getbalances"))
        return {**reply, "watchonly": cold.get("watchonly", cold.get("mine"))}

    def _chain_tx(self, txid: str, *params: object) -> Any:
        try:
            return self._node.call("gettransaction", txid, *params)
        except NodeRefused as error:
            if error.rpc_code != NOT_FOUND:
                raise
            if self._beside is not None:
                return self._beside.call("gettransaction", txid)
            found = self._of_scan(txid)
            if found is None:
                raise
            return found

    # --- scans ---

    def _scan(self) -> list[Row]:
        """The unspent coins at the cold address, as `listunspent` would list them."""
        self._patient = self._patient or self._node.patient(SCAN_TIMEOUT_S)
        reply = table_of(self._patient.call("scantxoutset", "start", [f"addr({self._address})"]))
        tip, found = number_of(reply.get("height")), reply.get("unspents")
        if reply.get("success") is not True or not isinstance(found, list):
            raise OddValue("the scan of unspent coins did not end")
        rows = [self._coin(table_of(each), tip) for each in found]
        self._scanned = {str(row["txid"]): row for row in rows}
        return rows

    def _coin(self, found: Row, tip: int) -> Row:
        height = number_of(found.get("height"))
        return {
            "txid": hash_of(found.get("txid")),
            "vout": number_of(found.get("vout")),
            "address": self._address,
            "amount": found.get("amount"),
            "confirmations": tip - height + 1,
            "blockheight": height,
        }

    def _beside_ours(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Coins at the cold address that the same chain txs made which pay the wallet: change of
        what came back from there. Each chain tx is read once."""
        paying = {str(row.get("txid")): row for row in rows if row.get("category") == "receive"}
        for txid, row in paying.items():
            if txid not in self._read:
                if len(self._read) > READ_MAX:
                    self._read.clear()
                self._read[txid] = self._paid_by(txid)
            for place, amount in self._read[txid]:
                coin = {"address": self._address, "vout": place, "amount": amount}
                yield _watched({**row, **coin})

    def _paid_by(self, txid: str) -> tuple[tuple[int, object], ...]:
        """The outputs of a chain tx of the wallet that pay the cold address, with their amounts."""
        raw = table_of(self._node.call("gettransaction", txid)).get("hex")
        found = table_of(self._node.call("decoderawtransaction", raw)).get("vout")
        outputs = [table_of(each) for each in found] if isinstance(found, list) else []
        return tuple(
            (number_of(each.get("n")), each.get("value"))
            for each in outputs
            if self._address in _addresses(table_of(each.get("scriptPubKey")))
        )

    def _scanned_rows(self) -> Iterator[Row]:
        """All coins of a scan as `listsinceblock` would list them: for whole lists only."""
        for row in self._scan():
            block = hash_of(self._node.call("getblockhash", row["blockheight"]))
            yield _watched({**row, "category": "receive", "blockhash": block})

    def _of_scan(self, txid: str) -> Row | None:
        """What `gettransaction` would tell of a chain tx whose coin the last scan showed."""
        row = self._scanned.get(txid)
        if row is None or self._node.call("gettxout", txid, row["vout"], CHAIN_ONLY) is None:
            return None
        block = hash_of(self._node.call("getblockhash", row["blockheight"]))
        tip = number_of(table_of(self._node.call("getblockchaininfo")).get("blocks"))
        detail = {"category": "receive", **{key: row[key] for key in ("address", "amount", "vout")}}
        return {
            "txid": txid,
            "confirmations": tip - int(row["blockheight"]) + 1,
            "blockhash": block,
            "blockheight": row["blockheight"],
            "details": [detail],
        }


def _rows(reply: Row) -> list[Row]:
    rows = reply.get("transactions")
    if not isinstance(rows, list):
        raise OddValue("listsinceblock: no list")
    return [table_of(row) for row in rows]


def _once(rows: Iterable[Row]) -> list[Row]:
    """Each coin once; of what spends all rows, which have no place among coins."""
    coins: dict[tuple[object, ...], Row] = {}
    for at, row in enumerate(rows):
        pays = row.get("category") in _PAYS
        coins.setdefault((row.get("txid"), row.get("vout")) if pays else (at,), row)
    return list(coins.values())


def _addresses(script: Row) -> list[object]:
    listed = script.get("addresses")
    return [script.get("address"), *(listed if isinstance(listed, list) else ())]


def _watched(row: Row) -> Row:
    return {**row, "involvesWatchonly": True}


def _scans(node: Transport) -> bool:
    """Whether the node can scan its unspent coins: asked for a scan that is not under way."""
    try:
        node.call("scantxoutset", "status")
    except NodeRefused as error:
        return error.rpc_code != UNKNOWN_METHOD
    return True
