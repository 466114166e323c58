"""The last row of each payment is remembered, however many there are."""

from __future__ import annotations

from engine.audit.tails import Tails


def test_swapping_gives_back_the_hash_before() -> None:
    with Tails() as tails:
        assert tails.swap("a", "1") is None
        assert tails.swap("b", "2", "note") is None
        assert tails.swap("a", "3") == "1"
        assert tails.get("a") == ("3", "")
        assert tails.get("b") == ("2", "note")
        assert tails.get("c") is None


def test_thousands_of_payments_keep_apart() -> None:
    with Tails() as tails:
        for number in range(5_000):
            tails.swap(f"{number:032x}", f"{number}")
        assert all(tails.get(f"{number:032x}") == (f"{number}", "") for number in range(5_000))
