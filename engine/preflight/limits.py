"""What a main network demands beyond what cashier.toml is refused for."""

from __future__ import annotations

from collections.abc import Iterator

from engine.config import Currency
from engine.money import format_amount
from engine.preflight.finding import Finding

# Spending a coin of the Bitcoin family costs at least one input, P2PKH, at the lowest fee that
# nodes have relayed by default for years: 1 unit a byte. Real fees only make this worse.
_INPUT_BYTES = 148
_WORTH_TIMES = 3


def check_limits(currency: Currency) -> Iterator[Finding]:
    """A coin that costs more to spend than it is worth is a debt to its client. Main only."""
    if not currency.main or currency.family != "bitcoin":
        return
    least = _INPUT_BYTES * _WORTH_TIMES
    ok = currency.deposit_minimum >= least
    given, wanted = (format_amount(u, currency.decimals) for u in (currency.deposit_minimum, least))
    yield Finding(
        check="deposit minimum",
        ok=ok,
        what=given if ok else f"{given} is less than thrice what spending such a coin costs",
        cure="" if ok else f"at least {wanted}; more, where fees are higher",
        currency=currency.symbol,
        key=f"currency.{currency.symbol}.deposit_minimum",
    )
