"""Clients of an EVM chain who pay and withdraw while their engine dies again and again.

Coin and token go out by one sequence of numbers. The last line: each wish is one chain tx, of one
number, none of which was left out or used twice; and books and node agree to the last unit.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict

from db.attempts import Attempt, Nonce
from db.models import Address, History, Payment
from engine import ledger
from engine.clock import utc_now
from engine.lease import ChainLease
from engine.ledger import WALLET_DEPOSITS, WALLET_HOT
from engine.money import format_amount
from tests.engine.deposits.books import assert_entries_balance, assert_histories_verify
from tests.engine.families.evm.life import ETHER
from tests.engine.mortal import CLIENTS, Mortal, forget_the_dead, withdrawals
from tests.engine.processes import Nursery
from tests.engine.sender.by_nonce.desk import MILLION, EvmDesk
from tests.engine.wishes import Wish
from tests.nodes.contracts import Contract
from tests.nodes.sent import Sent, sent_by

ONE = {"ETH": ETHER, "USDT": 1000 * MILLION}  # what a client pays in at first, five times
DECIMALS = {"ETH": 18, "USDT": 6}
FEES = {"ETH": ETHER // 1000, "USDT": MILLION // 10}
AGAIN = 0.25  # of the wishes ask for the same payee and amount as another did

_Coin = tuple[str | None, str, int]  # client, currency, units


class DyingEvm(Mortal):
    """A house on a real EVM node, with one token."""

    symbol = "ETH"

    def __init__(
        self, desk: EvmDesk, token: Contract, nursery: Nursery, dice: random.Random
    ) -> None:
        super().__init__(desk.config, nursery, dice)
        self.desk = desk
        self.node = desk.node
        self.token = token
        self._since = self.node.height()
        self._addresses = {name: desk.address(name) for name in CLIENTS}
        self._paid_in: dict[str, _Coin] = {}
        desk.lease.release()

    def mine(self, count: int = 1) -> None:
        self.node.mine(count)

    def height(self) -> int:
        return self.node.height()

    def fund(self) -> None:
        """Clients have what they pay in, and the house what it pays out of."""
        for currency, units in ONE.items():
            self._pay(None, self.desk.hot, currency, 20 * units)
            for client in CLIENTS:
                self._pay(client, self._addresses[client], currency, 5 * units)
        self.recover()

    def pay_in_something(self) -> None:
        client, currency = self._dice.choice(CLIENTS), self._dice.choice(list(ONE))
        units = self._dice.randint(ONE[currency] // 100, ONE[currency] // 2)
        self._pay(client, self._addresses[client], currency, units)

    def _pay(self, client: str | None, address: str, currency: str, units: int) -> None:
        if currency == "ETH":
            txid = self.node.pay(address, units)
        else:
            txid = self.token.send("transfer", address, units)
        self._paid_in[txid] = (client, currency, units)

    def _next_wish(self, key: str) -> Wish:
        client = self._dice.choice(CLIENTS)
        if self._wishes and self._dice.random() < AGAIN:
            same = self._dice.choice(self._wishes)
            return Wish(client, same.address, same.amount, key, same.currency)
        currency = self._dice.choice(list(ONE))
        units = self._dice.randint(ONE[currency] // 100, ONE[currency] // 20)
        amount = format_amount(units, DECIMALS[currency])
        return Wish(client, self.desk.stranger(), amount, key, currency)

    def _is_done(self) -> bool:
        credited = Payment.select().where(Payment.state == "credited")
        deposits = credited.where(Payment.kind == "deposit").count()
        paid = credited.where(Payment.kind == "withdrawal").count()
        return deposits == len(self._paid_in) and paid == len(withdrawals())

    # --- what everybody sees ---

    def assert_books_hold(self) -> None:
        assert_entries_balance()

    def assert_all_is_well(self) -> None:
        sent = sent_by(self.node, self._ours(), since=self._since)
        self._assert_paid_once(sent)
        _assert_numbers(sent)
        _assert_one_family_for_each(sent)
        self._assert_credited_once()
        self._assert_owed()
        self._assert_books_are_the_chain(sent)

    def _ours(self) -> list[str]:
        return [str(row.address) for row in Address.select().where(Address.chain == "ETH")]

    def _assert_paid_once(self, sent: list[Sent]) -> None:
        """By the chain's own blocks, and by what lies at the payees' addresses."""
        rows = withdrawals()
        assert len(rows) == len(self._wishes)
        wanted = Counter(
            (row.currency, str(row.address).lower(), int(row.units or 0)) for row in rows
        )
        assert all(each.succeeded for each in sent)
        assert Counter((self._currency(each), each.payee, each.units) for each in sent) == wanted
        due: dict[tuple[str, str], int] = defaultdict(int)
        for row in rows:
            due[row.currency, str(row.address)] += int(row.units or 0)
        for (currency, address), units in due.items():
            assert self._held(currency, address) == units, address

    def _currency(self, sent: Sent) -> str:
        assert sent.token in {None, self.token.address.lower()}
        return "ETH" if sent.token is None else "USDT"

    def _held(self, currency: str, address: str) -> int:
        if currency == "ETH":
            return self.node.balance(address)
        held: int = self.token.read("balanceOf", address)
        return held

    def _assert_credited_once(self) -> None:
        credited = History.select().where((History.event == "credit") & (History.kind == "deposit"))
        assert set(Counter(row.payment for row in credited).values()) <= {1}
        rows = self.desk.deposits()
        found = {str(row.txid): (row.client, row.currency, row.units) for row in rows}
        assert found == self._paid_in

    def _assert_owed(self) -> None:
        for client in CLIENTS:
            for currency, fee in FEES.items():
                coins = self._paid_in.values()
                paid_in = sum(u for who, what, u in coins if (who, what) == (client, currency))
                out = [r for r in withdrawals() if (r.client, r.currency) == (client, currency)]
                gone = sum(int(row.units or 0) + fee for row in out)
                assert self.desk.owed(client, currency) == paid_in - gone, (client, currency)

    def _assert_books_are_the_chain(self, sent: list[Sent]) -> None:
        assert_entries_balance()
        assert_histories_verify()
        for currency in ONE:
            held = {address: self._held(currency, address) for address in self._ours()}
            hot = held.pop(self.desk.hot)
            assert ledger.balance(WALLET_HOT, currency) == hot, currency
            assert ledger.balance(WALLET_DEPOSITS, currency) == sum(held.values()), currency
            assert ledger.balance("in_transit", currency) == 0
        assert ledger.balance("fees:network", "ETH") == sum(each.fee for each in sent)
        self._assert_no_break()

    def _assert_no_break(self) -> None:
        forget_the_dead()
        desk = self.desk
        desk.lease = ChainLease("ETH", "auditor")
        assert desk.lease.acquire(monotonic_s=0)
        desk.now = utc_now()
        assert desk.compare() == []
        assert desk.residuals() == dict.fromkeys(ONE, 0)
        desk.lease.release()


def _assert_numbers(sent: list[Sent]) -> None:
    """Each address used its numbers one after the other, and none is reserved that was not used."""
    used: dict[str, list[int]] = defaultdict(list)
    for each in sent:
        used[each.source].append(each.number)
    for source, numbers in used.items():
        assert numbers == list(range(len(numbers))), source
    taken = {(str(row.address).lower(), row.nonce) for row in Nonce.select()}
    assert taken == {(each.source, each.number) for each in sent}


def _assert_one_family_for_each(sent: list[Sent]) -> None:
    """Each chain tx is the attempt that says so, and no number or payment has two families."""
    rows = list(Attempt.select())
    families: dict[tuple[str, int | None], set[str]] = defaultdict(set)
    for row in rows:
        families[str(row.address).lower(), row.nonce].add(str(row.family))
    assert len(families) == len({row.family for row in rows})
    assert {len(each) for each in families.values()} == {1}
    mined = {str(row.txid) for row in rows if row.block_hash is not None}
    assert mined == {each.txid for each in sent}
