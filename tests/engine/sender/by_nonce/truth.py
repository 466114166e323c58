"""The last line of every life on an EVM chain: what left by the blocks themselves is what was asked
for, each once and by a number of its own, and the books are what lies at our addresses.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from db.attempts import Attempt, Nonce
from db.models import Address, Payment
from engine import ledger
from engine.ledger import WALLET_DEPOSITS, WALLET_HOT
from tests.engine.deposits.books import assert_entries_balance, assert_histories_verify
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract
from tests.nodes.sent import Sent, sent_by

COIN = "ETH"


class Truth:
    """One house's chain since the height `since`, asked of the node by nothing of ours."""

    def __init__(self, node: Anvil, tokens: Mapping[str, Contract], *, since: int) -> None:
        self._node = node
        self._tokens = tokens
        self._since = since
        self._symbols = {token.address.lower(): symbol for symbol, token in tokens.items()}

    def assert_holds(self) -> None:
        """Everything is settled."""
        sent = sent_by(self._node, _ours(), since=self._since)
        self._assert_sent_once(sent)
        _assert_numbers(sent)
        _assert_one_family_for_each(sent)
        self._assert_books_are_the_chain(sent)
        assert_entries_balance()
        assert_histories_verify()

    def held(self, currency: str, address: str) -> int:
        """Units at an address now."""
        if currency == COIN:
            return self._node.balance(address)
        held: int = self._tokens[currency].read("balanceOf", address)
        return held

    def _assert_sent_once(self, sent: Sequence[Sent]) -> None:
        """Each payment is one chain tx, and there are no others; whoever was paid has just that."""
        assert all(each.succeeded for each in sent)
        rows = list(Payment.select().where(Payment.kind.in_(["withdrawal", "transfer"])))
        paid = [row for row in rows if row.state == "credited"]
        ended = {row.state for row in rows if row.attempt is None}
        assert ended <= {"cancelled", "refused"}
        assert {row.state for row in rows if row.attempt is not None} <= {"credited"}
        wanted = Counter((row.currency, str(row.address).lower(), row.units) for row in paid)
        assert Counter((self._currency(each), each.payee, each.units) for each in sent) == wanted
        due: dict[tuple[str, str], int] = defaultdict(int)
        for row in paid:
            if row.kind == "withdrawal":
                due[row.currency, str(row.address)] += int(row.units or 0)
        for (currency, address), units in due.items():
            assert self.held(currency, address) == units, address

    def _currency(self, sent: Sent) -> str:
        return COIN if sent.token is None else self._symbols[sent.token]

    def _assert_books_are_the_chain(self, sent: Sequence[Sent]) -> None:
        hot = str(Address.get((Address.chain == COIN) & (Address.purpose == "hot")).address)
        for currency in (COIN, *self._tokens):
            held = {address: self.held(currency, address) for address in _ours()}
            assert ledger.balance(WALLET_HOT, currency) == held.pop(hot), currency
            assert ledger.balance(WALLET_DEPOSITS, currency) == sum(held.values()), currency
            assert ledger.balance("in_transit", currency) == 0
        assert ledger.balance("fees:network", COIN) == sum(each.fee for each in sent)


def _ours() -> list[str]:
    return [str(row.address) for row in Address.select().where(Address.chain == COIN)]


def _assert_numbers(sent: Sequence[Sent]) -> None:
    """Each address used its numbers one after the other, and none is reserved that was not used."""
    used: dict[str, list[int]] = defaultdict(list)
    for each in sent:
        used[each.source].append(each.number)
    for source, numbers in used.items():
        assert numbers == list(range(len(numbers))), source
    taken = {(str(row.address).lower(), row.nonce) for row in Nonce.select()}
    assert taken == {(each.source, each.number) for each in sent}


def _assert_one_family_for_each(sent: Sequence[Sent]) -> None:
    """Each chain tx is the attempt that says so, and no number has two families."""
    rows = list(Attempt.select())
    families: dict[tuple[str, int | None], set[str]] = defaultdict(set)
    for row in rows:
        families[str(row.address).lower(), row.nonce].add(str(row.family))
    assert len(families) == len({row.family for row in rows})
    assert all(len(each) == 1 for each in families.values())
    mined = {str(row.txid) for row in rows if row.block_hash is not None}
    assert mined == {each.txid for each in sent}
