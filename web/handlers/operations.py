"""What an operator's machines ask: is the process alive, can it serve, what did it count."""

from __future__ import annotations

from engine import queries
from engine.errors import DatabaseError
from web.base import Headed


class HealthHandler(Headed):
    """GET, HEAD /healthz: this process runs."""

    is_limited = False

    async def get(self) -> None:
        self.answer({"status": "ok"})


class ReadyHandler(Headed):
    """GET, HEAD /readyz: 503 only when this process cannot serve. A sick chain is told, not
    punished: addresses are still given and payments still shown."""

    is_limited = False

    async def get(self) -> None:
        try:
            views = await self.work(queries.chains, self.desk.config)
        except DatabaseError as error:
            self.answer({"status": "down", "database": str(error), "chains": []}, status=503)
            return
        known = {view.symbol: view.as_json() for view in views}
        wanted = sorted({currency.chain for currency in self.desk.config.currencies.values()})
        chains = [known.get(symbol, _unseen(symbol)) for symbol in wanted]
        self.answer({"status": "ready", "database": "ok", "chains": chains})


class MetricsHandler(Headed):
    """GET, HEAD /metrics: Prometheus text. Figures of the process and of the chains, none of a
    client."""

    is_limited = False

    async def get(self) -> None:
        views = await self.work(queries.chains, self.desk.config)
        self.desk.meters.sockets = self.desk.feed.count
        lines = list(self.desk.meters.lines())
        lines += ["# TYPE cashier_chain_well gauge", "# TYPE cashier_chain_height gauge"]
        for view in views:
            lines.append(f'cashier_chain_well{{chain="{view.symbol}"}} {int(view.state == "well")}')
            if view.height is not None:
                lines.append(f'cashier_chain_height{{chain="{view.symbol}"}} {view.height}')
        self.set_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.finish("\n".join(lines) + "\n")


def _unseen(symbol: str) -> dict[str, object]:
    return {
        "currency": symbol,
        "state": "paused",
        "reason": "the engine has not asked its node yet",
        "since": None,
        "height": None,
        "hash": None,
        "behind": None,
    }
