"""The few figures that say whether anything is wrong and what waits: cheap enough for each second.

Every statement here reads an index over what is open, never a whole table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from peewee import fn

from db.findings import Break, Reconciliation
from db.models import Payment
from engine import brakes, orders, queries
from engine.approvals.queue import half_signed
from engine.brakes import BrakeView
from engine.config import Config
from engine.views import ChainView


@dataclass(frozen=True, slots=True)
class Pulse:
    """`beat` is the engine's last sign of life (RFC 3339 UTC), `oldest_held` since when the oldest
    held payment waits, `half_signed` how many other acts want a second person; `waiting` counts
    the open payments of each chain that is not well, and `uneven` names the currencies whose books
    and node differ by more than is explained."""

    seq: int
    running: bool
    beat: str | None
    chains: tuple[ChainView, ...]
    missing: tuple[str, ...]
    brakes: tuple[BrakeView, ...]
    waiting: dict[str, int]
    held: int
    half_signed: int
    oldest_held: str | None
    breaks: int
    uneven: tuple[str, ...]
    compared: bool

    @property
    def well(self) -> bool:
        """Whether nothing at all is wrong; held payments are work, not trouble."""
        sick = [chain for chain in self.chains if chain.state != "well"]
        return self.running and not (sick or self.missing or self.breaks or self.uneven)


def pulse(config: Config, now: datetime) -> Pulse:
    """The figures now."""
    chains = queries.chains(config)
    known = {chain.symbol for chain in chains}
    wanted = {currency.chain for currency in config.currencies.values()}
    held, oldest = _held()
    residuals = _residuals(config)
    return Pulse(
        seq=queries.last_seq(),
        running=orders.engine_alive(now),
        beat=max((chain.beat_at for chain in chains if chain.beat_at), default=None),
        chains=chains,
        missing=tuple(sorted(wanted - known)),
        brakes=tuple(each for kind in brakes.KINDS for each in brakes.braked(kind).values()),
        waiting={chain.symbol: _open(chain.symbol) for chain in chains if chain.state != "well"},
        held=held,
        half_signed=len(half_signed(config)),
        oldest_held=oldest,
        breaks=Break.select().where(Break.state == "open").count(),
        uneven=tuple(sorted(symbol for symbol, units in residuals.items() if units)),
        compared=set(residuals) >= set(config.currencies),
    )


def _held() -> tuple[int, str | None]:
    found = Payment.select(fn.COUNT(Payment.id), fn.MIN(Payment.updated_at)).where(
        Payment.state == "held"
    )
    count, oldest = found.scalar(as_tuple=True)
    return int(count), oldest


def _open(chain: str) -> int:
    """Payments of a chain that wait for its node; requests that nobody paid do not."""
    open_ones = Payment.select().where(
        (Payment.chain == chain)
        & (Payment.final == 0)
        & (
            Payment.state.in_(("pending", "confirmed"))
            | ((Payment.state == "requested") & (Payment.kind != "deposit"))
        )
    )
    return int(open_ones.count())


def _residuals(config: Config) -> dict[str, int]:
    rows = Reconciliation.select(Reconciliation.currency, Reconciliation.residual_units)
    return {r.currency: int(r.residual_units) for r in rows if r.currency in config.currencies}
