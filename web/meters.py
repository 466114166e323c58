"""What the web process counts of itself, for /metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator


class Meters:
    """Answers by method and status, and the seconds that they took. One event loop writes."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self.seconds = 0.0
        self.sockets = 0

    def count(self, method: str, status: int, took_s: float) -> None:
        """Note one answer. A method that is no method of ours counts as `other`."""
        known = method if method in {"GET", "POST", "HEAD", "OPTIONS"} else "other"
        self.answers[known, status] += 1
        self.seconds += took_s

    def lines(self) -> Iterator[str]:
        """The figures in Prometheus' text format."""
        yield "# TYPE cashier_http_answers_total counter"
        for (method, status), count in sorted(self.answers.items()):
            yield f'cashier_http_answers_total{{method="{method}",status="{status}"}} {count}'
        yield "# TYPE cashier_http_seconds_total counter"
        yield f"cashier_http_seconds_total {self.seconds:.6f}"
        yield "# TYPE cashier_feed_sockets gauge"
        yield f"cashier_feed_sockets {self.sockets}"
