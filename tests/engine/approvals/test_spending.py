"""Signatures at the moment of spending: those of persons whose keys are in force, each once."""

from __future__ import annotations

from dataclasses import replace

from db.models import Approval, Payment
from engine.approvals.spending import signed_forms
from engine.config import Config
from tests.engine.approvals.coins import nobodys_coin
from tests.engine.approvals.people import Bench
from tests.engine.deposits.life import House
from tests.engine.deposits.worlds import on_the_fake


def _signers(config: Config, house: House, coin: Payment) -> set[str]:
    found = signed_forms(
        config, act="book", subject=coin.id, history_hash=coin.last_hash, now=house.now
    )
    return set(found)


@on_the_fake
def test_a_person_counts_while_the_key_is_in_force(house: House, bench: Bench) -> None:
    coin = nobodys_coin(house)
    bench.do("book", by="ann", now=house.now, payment=coin.id, account="house")
    assert _signers(bench.config, house, coin) == {"ann"}
    nobody = replace(bench.config, staff=tuple(r for r in bench.config.staff if r.name != "ann"))
    assert _signers(nobody, house, coin) == set()


@on_the_fake
def test_what_was_altered_or_is_of_another_act_does_not_count(house: House, bench: Bench) -> None:
    coin = nobodys_coin(house)
    bench.do("book", by="ann", now=house.now, payment=coin.id, account="house")
    row = Approval.get(Approval.subject == coin.id)
    values = dict(row.__data__)
    body = str(row.body).replace('"house"', '"client:eve"')
    Approval.create(**{**values, "nonce": "0" * 32, "staff": "ben", "body": body})
    Approval.create(**{**values, "nonce": "1" * 32, "act": "refund"})
    Approval.create(**{**values, "nonce": "2" * 32, "body": "{"})
    assert _signers(bench.config, house, coin) == {"ann"}
    other = signed_forms(
        bench.config, act="refund", subject=coin.id, history_hash=coin.last_hash, now=house.now
    )
    assert other == {}
