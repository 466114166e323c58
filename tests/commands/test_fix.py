"""`cashier reconcile --fix`: two persons cure a break; what it cannot cure is said in one line."""

from __future__ import annotations

import pytest

from db.findings import Break
from engine import ledger
from engine.config import Config
from tests.commands.desk import Desk
from tests.commands.staffed import StaffedDesk
from tests.commands.test_reconcile import COIN, compare
from tests.engine.approvals.people import People
from tests.nodes.fake import FakeChain


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    return People(tmp_path_factory.mktemp("people") / "keys")


@pytest.fixture
def staffed(desk: Desk, people: People) -> StaffedDesk:
    return StaffedDesk(desk, people)


def stolen(config: Config) -> None:
    """A coin of nobody that somebody with the node's keys spends."""
    fake = FakeChain()
    fake.mine(3)
    txid = fake.pay(fake.address(), 5 * COIN)
    fake.mine(20)
    compare(config, fake)
    (coin,) = fake.coins(fake.tip.hash)
    outputs = [("other1thief", COIN), (fake.address(), coin.units - COIN - 1000)]
    fake.pay(outputs, inputs=[f"{txid}:{coin.index.removeprefix('vout:')}"], own=True)
    fake.mine(20)
    compare(config, fake)


@pytest.fixture
def theft(staffed: StaffedDesk) -> str:
    with staffed.desk.opened() as config:
        stolen(config)
        return str(Break.get((Break.kind == "unknown_spend") & (Break.state == "open")).id)


def test_two_persons_cure_a_theft(staffed: StaffedDesk, theft: str) -> None:
    words = ("reconcile", "--fix", theft[:8])
    with staffed.engine():
        first = staffed.type_as("ann", *words)
        second = staffed.type_as("ben", *words)
    assert (first.exit_code, second.exit_code) == (0, 0), (first.output, second.output)
    assert "it takes the signatures of 2 persons" in first.stdout
    assert "loss" in first.stdout
    assert "signed, 1 of 2" in first.stdout
    assert second.stdout.splitlines()[-1].startswith("done: cure unknown_spend of -1.")
    with staffed.desk.opened():
        assert Break.get_by_id(theft).closed_by == "cured by staff:ben"
        assert ledger.balance("loss", "LTC") > COIN


def test_what_a_signed_entry_does_not_cure_is_exit_2_with_the_command_that_does(
    staffed: StaffedDesk, theft: str
) -> None:
    assert theft
    with staffed.desk.opened():
        other = str(Break.get(Break.kind == "unknown_arrival").id)
    with staffed.engine():
        result = staffed.type_as("ann", "reconcile", "--fix", other)
    assert result.exit_code == 2
    assert "unknown_arrival is cured in another way: cashier book" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--fix", "abcdef12"), "--fix takes the signature of a person"),
        (("--as", "ann"), "say which with --fix BREAK"),
        (("--fix", "abcdef12", "--as", "ann", "--yes"), "no open break has the id abcdef12"),
    ],
)
def test_half_a_cure_is_wrong_use(staffed: StaffedDesk, words: tuple[str, ...], said: str) -> None:
    result = staffed.desk.type("reconcile", *words)
    assert result.exit_code == 2
    assert said in result.stderr
