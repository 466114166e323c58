"""The books of a house, recomputed from nothing: postings, balances, payments, coins, the chain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from db.attempts import Attempt, AttemptInput, AttemptOutput
from db.bulk import read_rows
from db.models import Balance, Coin, Payment, Posting
from engine import chains
from engine.audit.database import verify_database

if TYPE_CHECKING:
    from tests.engine.deposits.life import House

POSTED = ("confirmed", "credited", "held", "refused")
IN_SUSPENSE = ("confirmed", "held", "refused")
GIVEN_BACK = ("refused", "cancelled", "failed")

Accounts = dict[tuple[str, str], int]


def assert_books_balance() -> None:
    """Entries sum to zero, balances are their postings, and every account is what the states of
    the deposits and their coins say."""
    postings = assert_entries_balance()
    payments = read_rows(Payment.select())
    assert postings == _demanded(payments)
    _assert_coins_match(payments)


def assert_entries_balance() -> Accounts:
    """Entries sum to zero and balances are their postings, whatever they are for; the sums by
    account and currency, those at zero left out."""
    postings = _postings()
    kept = {(row.account, row.currency): int(row.units) for row in read_rows(Balance.select())}
    assert {key: units for key, units in kept.items() if units} == postings
    return postings


def assert_histories_verify() -> None:
    """What an auditor's check of the database finds: nothing."""
    report = verify_database()
    assert report.ok, [str(problem) for problem in report.problems]


def _postings() -> Accounts:
    """Sums of the postings per account, those at zero left out."""
    entries: dict[tuple[int, str], int] = defaultdict(int)
    accounts: Accounts = defaultdict(int)
    for row in read_rows(Posting.select()):
        entries[row.entry, row.currency] += int(row.units)
        accounts[row.account, row.currency] += int(row.units)
    assert not any(entries.values()), "an entry does not sum to zero"
    return {key: units for key, units in accounts.items() if units}


def _demanded(payments: Sequence[Payment]) -> Accounts:
    """What each account must hold by the states of payments and attempts alone."""
    accounts: Accounts = defaultdict(int)
    _add_withdrawals(accounts, payments)
    _add_attempts(accounts)
    for payment in payments:
        if payment.kind != "deposit" or payment.state not in POSTED:
            continue
        units = int(payment.units or 0)
        accounts["wallet:deposits", payment.currency] += units
        suspended = payment.state in IN_SUSPENSE
        owner = "house" if payment.client is None else f"client:{payment.client}"
        other = f"suspense:{payment.id}" if suspended else owner
        accounts[other, payment.currency] -= units
    return {key: units for key, units in accounts.items() if units}


def _add_withdrawals(accounts: Accounts, payments: Sequence[Payment]) -> None:
    for payment in payments:
        if payment.kind != "withdrawal" or payment.state in GIVEN_BACK:
            continue
        currency = payment.currency
        units, fee = int(payment.units or 0), int(payment.fee_units or 0)
        accounts[f"client:{payment.client}", currency] += units + fee
        if payment.state == "credited":
            accounts["fees:service", currency] -= fee
            accounts["wallet:hot", currency] -= units
        else:
            accounts["in_transit", currency] -= units + fee


def _add_attempts(accounts: Accounts) -> None:
    spent: dict[str, int] = defaultdict(int)
    for each in read_rows(AttemptInput.select()):
        spent[str(each.attempt)] += int(each.units) if each.account == "wallet:deposits" else 0
    for attempt in read_rows(Attempt.select().where(Attempt.state == "settled")):
        fee, currency, moved = int(attempt.fee_units), attempt.currency, spent[str(attempt.id)]
        accounts["fees:network", currency] += fee
        accounts["wallet:hot", currency] += moved - fee
        accounts["wallet:deposits", currency] -= moved


def leaves(attempt: Attempt) -> int:
    """Units that leave our wallet with an attempt: what it pays others, and its fee."""
    outputs = AttemptOutput.select().where(AttemptOutput.attempt == attempt.id)
    paid = sum(int(each.units) for each in outputs if each.payment is not None)
    return paid + int(attempt.fee_units)


def _assert_coins_match(rows: Sequence[Payment]) -> None:
    """Every deposit on the books has its coin in a block, or is flagged for being out of it. (A
    reorganisation may have put the coin of a credited one into a younger block: that is no flag.)
    """
    payments = {row.id: row for row in rows if row.kind == "deposit" and row.txid is not None}
    on_books = set()
    for coin in read_rows(Coin.select().where(~Coin.payment.is_null())):
        payment = payments[str(coin.payment)]
        assert (coin.txid, coin.idx) == (payment.txid, payment.idx)
        assert coin.units == payment.units
        if coin.height is not None or payment.unsettled:
            on_books.add(coin.payment)
    posted = {each for each, row in payments.items() if row.state in POSTED}
    assert posted <= on_books, "a deposit is on the books without its coin"


def assert_chain_agrees(house: House) -> None:
    """After a whole round on a well node: every coin that the node lists for us has its row, in
    the block that the node says, and is on the books exactly when it is deep enough."""
    height = chains.followed_height(house.symbol)
    payments = {(row.txid, row.idx): row for row in _deposits()}
    total = 0
    for arrival in house.node.scan(None).arrivals:
        if arrival.own or arrival.block is None or arrival.block.height <= house.started_at:
            continue
        payment = payments[arrival.txid, arrival.index]
        assert payment.units == arrival.units
        assert (payment.block_height, payment.block_hash) == (
            arrival.block.height,
            arrival.block.hash,
        )
        deep = height - arrival.block.height + 1 >= int(payment.required or 0)
        assert payment.state in POSTED or not deep, payment.state
        total += arrival.units if payment.state in POSTED else 0
    moved: Accounts = defaultdict(int)
    _add_attempts(moved)
    key = ("wallet:deposits", house.symbol)
    assert _postings().get(key, 0) == total + _unsettled(payments.values()) + moved[key]


def assert_coins_agree(house: House) -> None:
    """The sum of the coins that the node has is what the books say, but for what is on its way."""
    coins = house.node.coins(house.on.tip())
    node = sum(coin.units for coin in coins if coin.height > house.started_at)
    accounts, deposits = _postings(), _deposits()
    wallets = ("wallet:deposits", "wallet:hot", "wallet:cold")
    books = sum(accounts.get((wallet, house.symbol), 0) for wallet in wallets)
    mined = [row for row in deposits if row.block_hash is not None and row.state not in POSTED]
    waiting = sum(int(row.units or 0) for row in mined)
    on_its_way = waiting - _unsettled(deposits) - _sent_not_booked(house.symbol)
    assert node == books + on_its_way


def _unsettled(deposits: Iterable[Payment]) -> int:
    return sum(int(row.units or 0) for row in deposits if row.unsettled)


def _sent_not_booked(symbol: str) -> int:
    """Units that left the node and not yet the books; less those that left the books and are back
    at the node."""
    total = 0
    for attempt in Attempt.select().where(Attempt.currency == symbol):
        if attempt.state == "mined":
            total += leaves(attempt)
        elif attempt.state == "settled" and attempt.block_hash is None:
            total -= leaves(attempt)
    return total


def _deposits() -> list[Payment]:
    """Deposits with a coin."""
    rows = Payment.select().where((Payment.kind == "deposit") & ~Payment.txid.is_null())
    return read_rows(rows)
