"""What a node says of our own sends, in place of rows of ours that cannot be right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from db.attempts import Attempt, Outflow
from db.models import Coin
from engine import chains
from engine.chain import Block, BlockRef, ByBalance, Fact, Oddity, Standing
from engine.errors import NodeRefused, TipMoved
from engine.holdings import Holding, holdings
from engine.outflows import Mined
from engine.own_sends import OwnSends, explained
from engine.sending import Offer, Outcome, Payer, Send, SignedSend
from tests.engine.families.evm.life import START
from tests.engine.test_outflows import HOT, PAYEE, came, note, sent

pytestmark = pytest.mark.usefixtures("database")

AT = BlockRef(7, "0x07")
TIP = BlockRef(9, "0x09")


class Node:
    """A node that tells what a test wrote down."""

    def __init__(self) -> None:
        self.units: dict[tuple[str, str], int] = {}
        self.became: dict[str, Outcome] = {}
        self.used: dict[int, Fact] = {}
        self.mined = 0
        self.unread: set[str] = set()

    def balances(self, asked: Sequence[tuple[str, str]], *, at: str) -> list[int | None]:
        assert at.startswith("0x")
        return [self.units.get((at, each[1]), self.units.get(each, 0)) for each in asked]

    def read(self, raw: str) -> SignedSend:
        if raw in self.unread:
            raise NodeRefused("not ours", rpc_code=0)
        row = Attempt.get(Attempt.signed == raw)
        send = Send(HOT, str(row.currency), PAYEE, 50)
        return SignedSend(str(row.txid), send, int(row.nonce or 0), Offer(1, 1, 1))

    def outcomes(self, sends: Mapping[str, Send], *, tip: BlockRef) -> dict[str, Outcome]:
        assert tip == TIP
        return {txid: self.became.get(txid, absent(txid)) for txid in sends}

    def mined_nonce(self, address: str, *, at: str | None = None) -> int:
        assert (address, at) == (HOT, TIP.hash)
        return self.mined

    def user_of(self, address: str, nonce: int, *, tip: BlockRef) -> Fact | None:
        assert (address, tip) == (HOT, TIP)
        return self.used.get(nonce)

    def block(self, block_hash: str) -> Block:
        height = int(block_hash, 16)
        return Block(height, block_hash, f"0x{height - 1:02}", 0, 0)

    def facts(self, txids: Sequence[str]) -> dict[str, Fact]:
        return {txid: Fact(txid, Standing.ABSENT) for txid in txids}


def absent(txid: str) -> Outcome:
    return Outcome(Fact(txid, Standing.ABSENT))


def mined(txid: str, *, left: int = 50, fee: int = 21, at: BlockRef = AT) -> Outcome:
    fact = Fact(txid, Standing.MINED, at)
    return Outcome(fact, succeeded=True, fee=fee, left=left, arrived=left)


@pytest.fixture
def node() -> Node:
    return Node()


def ask(node: Node) -> OwnSends:
    return OwnSends(cast("Payer", node), "ETH", TIP)


def holding(node: Node, units: int) -> Holding:
    """The hot address, with so many units by its node."""
    node.units["ETH", HOT] = units
    (found,) = holdings(cast("ByBalance", node), "ETH", ["ETH"], [HOT], TIP)
    return found


def a_send(number: int = 1, *, block: str | None = AT.hash, noted: bool = True) -> str:
    """A send of 50 for 21, as our rows have it; its txid."""
    stored = sent(number, units=50)
    height = None if block is None else AT.height
    Attempt.update(signed=f"raw{number}", block_hash=block, block_height=height).where(
        Attempt.id == stored.row.id
    ).execute()
    if noted and block is not None:
        note(Mined(stored, BlockRef(AT.height, block), fee=21, left=50))
    return str(stored.row.txid)


def test_rows_that_the_node_confirms_stay_as_they_are(node: Node) -> None:
    came(1, 1000)
    txid = a_send()
    node.became[txid] = mined(txid)
    odd = holding(node, 900)
    (same,) = ask(node).corrected([odd])
    assert sorted(same.coins, key=str) == sorted(odd.coins, key=str)
    assert same.more == -29


def test_a_row_that_is_wrong_or_lost_is_what_the_node_says(node: Node) -> None:
    came(1, 1000)
    txid = a_send()
    node.became[txid] = mined(txid)
    Outflow.update(units=40).where(Outflow.idx == "value").execute()
    Outflow.delete().where(Outflow.idx == "gas").execute()
    odd = holding(node, 929)
    assert odd.more == -31
    (right,) = ask(node).corrected([odd])
    assert right.more == 0
    assert {coin.index: coin.units for coin in right.coins} == {
        "tx": 1000,
        "value": -50,
        "gas": -21,
    }


def test_a_send_that_stands_elsewhere_by_now_is_not_judged(node: Node) -> None:
    came(1, 1000)
    a_send(1)
    odd = holding(node, 1000)
    with pytest.raises(TipMoved, match="not followed"):
        ask(node).corrected([odd])
    node.became["0xtx1"] = mined("0xtx1", at=BlockRef(8, "0x08"))
    with pytest.raises(TipMoved):
        ask(node).corrected([odd])


def test_a_final_send_that_the_node_has_not_is_named_not_waited_for(node: Node) -> None:
    came(1, 1000)
    a_send(1)
    Attempt.update(final=True).execute()
    (found,) = ask(node).corrected([holding(node, 1000)])
    assert (found.more, len(found.coins)) == (0, 1)


def test_bytes_that_are_not_ours_leave_the_rows_alone(node: Node) -> None:
    came(1, 1000)
    a_send(1)
    node.unread.add("raw1")
    odd = holding(node, 1)
    assert ask(node).corrected([odd]) == [odd]


def test_what_was_folded_or_spent_is_not_counted_twice(node: Node) -> None:
    came(1, 929)
    txid = a_send()
    node.became[txid] = mined(txid)
    Outflow.update(folded_height=8).execute()
    Attempt.update(final=False).execute()
    (found,) = ask(node).corrected([holding(node, 900)])
    assert [coin.units for coin in found.coins] == [929]


def test_a_stranger_is_whoever_used_a_number_that_is_none_of_ours(node: Node) -> None:
    came(1, 1000)
    txid = a_send(1)
    node.became[txid] = mined(txid)
    thief = Fact("0xthief", Standing.MINED, BlockRef(8, "0x08"))
    node.mined, node.used = 3, {0: Fact("0xold", Standing.MINED, BlockRef(2, "0x02")), 2: thief}
    node.units = {("0x07", HOT): 929, ("0x08", HOT): 900}
    assert ask(node).stranger(holding(node, 900)) == thief


def test_of_two_strangers_the_one_is_named_by_whose_block_units_are_missing(node: Node) -> None:
    came(1, 1000)
    thief = Fact("0xthief", Standing.MINED, BlockRef(4, "0x04"))
    node.mined = 2
    node.used = {0: thief, 1: Fact("0xharmless", Standing.MINED, BlockRef(6, "0x06"))}
    at = {3: 1000, 4: 900, 5: 900, 6: 900}
    node.units = {(f"0x{height:02}", HOT): units for height, units in at.items()}
    assert ask(node).stranger(holding(node, 900)) == thief


def test_nobody_is_a_stranger_whose_number_the_node_cannot_name_or_that_is_booked(
    node: Node,
) -> None:
    came(1, 1000)
    node.mined = 1
    assert ask(node).stranger(holding(node, 900)) is None
    node.used = {0: Fact("0xthief", Standing.MINED)}
    assert ask(node).stranger(holding(node, 900)) == node.used[0]
    came(2, 5, spent_txid="0xthief", spent_height=5, spent_hash="0x05")
    assert ask(node).stranger(holding(node, 900)) is None


def test_a_booked_theft_that_left_the_chain_gives_its_coins_back(node: Node) -> None:
    came(1, 1000, spent_txid="0xthief", spent_height=5, spent_hash="0x05")
    came(2, 900, txid="0xthief", idx=f"rest:{HOT}", height=5)
    odd = holding(node, 1000)
    assert odd.more == 100
    (found,) = explained(cast("ByBalance", node), "ETH", [odd], TIP)
    assert (found.more, [coin.txid for coin in found.coins]) == (0, ["0xcame1"])


def test_coins_that_our_sends_made_are_known(node: Node) -> None:
    txid = a_send(1)
    came(1, 5)
    Coin.create(
        chain="ETH",
        txid=txid,
        idx="log:0",
        currency="ETH",
        address=HOT,
        account="wallet:hot",
        units=7,
        height=7,
        hash="0x07",
    )
    made = ask(node).made(holding(node, 1))
    assert (txid, "log:0") in made
    assert ("0xcame1", "tx") not in made


def test_where_all_agree_nothing_is_asked(node: Node) -> None:
    came(1, 1000)
    a_send(1, block=None)
    fine = holding(node, 1000)
    assert explained(cast("ByBalance", node), "ETH", [fine], TIP) == [fine]


def test_a_send_that_a_later_block_took_is_followed_far_enough(node: Node) -> None:
    """Where blocks come faster than comparisons end, the sender is further at each of them."""
    came(1, 1000)
    a_send(1)
    later = {"block_height": TIP.height + 1, "block_hash": "0x0a"}
    Attempt.update(**later).execute()
    Outflow.update(height=TIP.height + 1, hash="0x0a").execute()
    (found,) = ask(node).corrected([holding(node, 990)])
    assert (found.more, len(found.coins)) == (-10, 1)


@pytest.mark.parametrize("key", ["attempt {0.id}", "{0.txid}"])
def test_a_send_that_staff_are_told_of_is_not_waited_for(node: Node, key: str) -> None:
    came(1, 1000)
    a_send(1)
    odd = holding(node, 1000)
    parked = (Oddity(key.format(Attempt.get()), "it cannot be followed"),)
    chains.park("ETH", parked, START)
    (found,) = ask(node).corrected([odd])
    assert (found.more, len(found.coins)) == (0, 1)
