"""Double entry: zero-sum, bounded where it must be, exact at any size, and never half written."""

from __future__ import annotations

import peewee
import pytest

from db.connection import database as opened
from db.models import Balance, Entry, Posting
from engine import ledger
from engine.errors import BalanceInsufficient, LedgerError
from engine.ledger import Line, NewEntry, balance, client_account, shift, suspense_account
from tests.engine.drain import drain
from tests.engine.house import post_alone
from tests.nodes.ports import PATIENCE_S
from tests.together import at_once, end, start_module

WEI = 2**200
WALLET = ledger.WALLET_DEPOSITS


def fund(account: str, units: int, currency: str = "LTC") -> None:
    """Let `account` be owed `units`."""
    post_alone(shift("fund", currency, units, to=WALLET, out_of=account))


def test_an_entry_moves_both_balances_and_stays_readable(database: str) -> None:
    assert database
    number = post_alone(shift("credit", "LTC", 5, to=WALLET, out_of="client:ann"))
    assert balance(WALLET, "LTC") == 5
    assert balance("client:ann", "LTC") == -5
    assert balance("client:ann", "BTC") == 0
    lines = Posting.select().where(Posting.entry == number).order_by(Posting.line)
    assert [(p.account, p.currency, p.units) for p in lines] == [
        (WALLET, "LTC", 5),
        ("client:ann", "LTC", -5),
    ]
    assert Entry.get_by_id(number).event == "credit"


def test_the_accounts_are_named_as_the_design_says() -> None:
    assert client_account("ann") == "client:ann"
    assert suspense_account("ff") == "suspense:ff"
    entry = shift("x", "LTC", 2**70, to="house", out_of="site")
    assert entry.as_json() == [["house", "LTC", str(2**70)], ["site", "LTC", str(-(2**70))]]


CROOKED = [
    (),
    (Line("house", "LTC", 1),),
    (Line("house", "LTC", 5), Line("site", "LTC", -4)),
    (Line("house", "LTC", 5), Line("site", "BTC", -5)),
    (Line("house", "LTC", WEI), Line("site", "LTC", -WEI + 1)),
    (Line("house", "A", 1), Line("site", "A", -1), Line("house", "B", 1)),
]


def test_what_does_not_sum_to_zero_per_currency_is_refused(database: str) -> None:
    assert database
    for lines in CROOKED:
        with pytest.raises(LedgerError, match="does not sum to zero"):
            post_alone(NewEntry("crooked", lines))
    assert Entry.select().count() == Balance.select().count() == 0


def test_an_entry_may_span_currencies(database: str) -> None:
    assert database
    lines = (Line("house", "A", 1), Line("site", "A", -1), Line("house", "B", -2))
    post_alone(NewEntry("both", (*lines, Line("site", "B", 2))))
    assert (balance("house", "A"), balance("house", "B")) == (1, -2)


def test_sums_beyond_63_bits_are_exact(database: str) -> None:
    assert database
    for _ in range(3):
        fund("client:ann", WEI, "ETH")
    post_alone(shift("debit", "ETH", WEI - 1, to="client:ann", out_of=WALLET))
    assert balance("client:ann", "ETH") == -(2 * WEI + 1)
    assert balance(WALLET, "ETH") == 2 * WEI + 1
    with pytest.raises(BalanceInsufficient):
        post_alone(shift("debit", "ETH", 2 * WEI + 2, to="client:ann", out_of="house"))


BOUNDED = [
    ("client:ann", shift("x", "LTC", 6, to="client:ann", out_of="house")),
    ("suspense:ff", shift("x", "LTC", 6, to="suspense:ff", out_of="house")),
    ("in_transit", shift("x", "LTC", 6, to="in_transit", out_of="house")),
]


def test_what_we_owe_is_never_below_zero(database: str) -> None:
    assert database
    for account, entry in BOUNDED:
        with pytest.raises(BalanceInsufficient):  # no row yet
            post_alone(entry)
        fund(account, 5)
        with pytest.raises(BalanceInsufficient):
            post_alone(entry)
        assert balance(account, "LTC") == -5
        post_alone(shift("x", "LTC", 5, to=account, out_of="house"))
        assert balance(account, "LTC") == 0
        with pytest.raises(BalanceInsufficient):
            post_alone(shift("x", "LTC", 1, to=account, out_of="house"))


@pytest.mark.parametrize("wallet", [ledger.WALLET_DEPOSITS, ledger.WALLET_HOT, ledger.WALLET_COLD])
def test_a_wallet_never_holds_less_than_nothing(database: str, wallet: str) -> None:
    assert database
    post_alone(shift("in", "LTC", 5, to=wallet, out_of="house"))
    with pytest.raises(BalanceInsufficient):
        post_alone(shift("out", "LTC", 6, to="house", out_of=wallet))
    assert balance(wallet, "LTC") == 5


def test_our_own_funds_may_go_below_zero(database: str) -> None:
    assert database
    for account in ("house", "loss", "fees:network", "adjustments", "opening"):
        post_alone(shift("x", "LTC", 3, to=account, out_of="site"))
        assert balance(account, "LTC") == 3


def test_only_a_reversal_takes_a_client_below_zero(database: str) -> None:
    assert database
    fund("client:ann", 5)
    debt = shift("reverse", "LTC", 5, to="client:ann", out_of=WALLET)
    post_alone(shift("spend", "LTC", 4, to="client:ann", out_of="house"))
    with pytest.raises(BalanceInsufficient):
        post_alone(debt)
    post_alone(NewEntry("reverse", debt.lines, overdraw=True))
    assert balance("client:ann", "LTC") == 4
    # ... and what comes in afterwards pays the debt first.
    fund("client:ann", 3)
    assert balance("client:ann", "LTC") == 1
    with pytest.raises(BalanceInsufficient):
        post_alone(shift("spend", "LTC", 1, to="client:ann", out_of="house"))


def test_a_reversal_takes_nobody_else_below_zero(database: str) -> None:
    assert database
    for line in (Line("in_transit", "LTC", 1), Line("suspense:ff", "LTC", 1)):
        with pytest.raises(BalanceInsufficient):
            post_alone(NewEntry("reverse", (line, Line("house", "LTC", -1)), overdraw=True))


def test_only_what_the_chain_did_takes_a_wallet_account_below_zero(database: str) -> None:
    """A deposit that was spent and dies is taken back before the spending that dies with it."""
    assert database
    gone = shift("reverse", "LTC", 1, to="client:ann", out_of=WALLET)
    with pytest.raises(BalanceInsufficient):
        post_alone(shift("spend", "LTC", 1, to="house", out_of=WALLET))
    post_alone(NewEntry("reverse", gone.lines, overdraw=True))
    assert balance(WALLET, "LTC") == -1


def test_a_debit_does_not_pass_its_bound_in_the_shadow_of_a_reversal(database: str) -> None:
    assert database
    fund("client:ann", 5)
    lines = (Line("client:ann", "LTC", 5), Line(WALLET, "LTC", -5))
    reversal = NewEntry("reverse", lines, overdraw=True)
    debit = shift("spend", "LTC", 3, to="client:ann", out_of="house")
    for batch in ((reversal, debit), (debit, reversal)):
        with pytest.raises(BalanceInsufficient):
            post_alone(*batch)
    assert balance("client:ann", "LTC") == -5


def test_entries_of_one_batch_overdraw_no_more_than_one_would(database: str) -> None:
    assert database
    fund("client:ann", 10)
    one = shift("spend", "LTC", 4, to="client:ann", out_of="house")
    with pytest.raises(BalanceInsufficient):
        post_alone(one, one, one)
    assert balance("client:ann", "LTC") == -10
    post_alone(one, one)
    assert balance("client:ann", "LTC") == -2


def test_what_comes_in_with_a_batch_may_go_out_with_it(database: str) -> None:
    assert database
    credit = shift("credit", "LTC", 7, to=WALLET, out_of="client:ann")
    post_alone(credit, shift("spend", "LTC", 7, to="client:ann", out_of="house"))
    assert balance("client:ann", "LTC") == 0
    assert Posting.select().where(Posting.account == "client:ann").count() == 2


def test_a_refused_batch_leaves_no_trace(database: str) -> None:
    assert database
    good = shift("credit", "LTC", 7, to=WALLET, out_of="client:ann")
    bad = shift("spend", "LTC", 1, to="client:bob", out_of="house")
    with pytest.raises(BalanceInsufficient) as caught:
        post_alone(good, bad)
    assert "client" not in str(caught.value)
    assert "client:bob" in caught.value.detail
    assert Entry.select().count() == Posting.select().count() == Balance.select().count() == 0


def test_an_entry_stands_on_a_history_row(database: str) -> None:
    assert database
    entry = shift("x", "LTC", 1, to="house", out_of="site")
    with pytest.raises(peewee.IntegrityError), opened.atomic():
        ledger.post([(99, "x", None, entry)], at="now")


def test_thirty_threads_take_no_more_than_there_is(database: str) -> None:
    assert database
    fund("client:ann", 100)
    outcomes = at_once(30, lambda _: drain("client:ann", "LTC", 7, times=1))
    assert not [each for each in outcomes if isinstance(each, Exception)]
    assert sum(each for each in outcomes if isinstance(each, int)) == 100 // 7
    assert balance("client:ann", "LTC") == -(100 % 7)
    assert balance("house", "LTC") == -7 * (100 // 7)


def test_processes_take_no_more_than_there_is(database: str) -> None:
    fund("client:ann", 10 * WEI + 5, "ETH")
    arguments = (database, "client:ann", "ETH", str(WEI), "8")
    processes = [start_module("tests.engine.drain", *arguments) for _ in range(3)]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        outcomes = [process.communicate("go\n", timeout=PATIENCE_S)[0] for process in processes]
    finally:
        end(processes)
    assert sum(int(text) for text in outcomes) == 10
    assert balance("client:ann", "ETH") == -5
