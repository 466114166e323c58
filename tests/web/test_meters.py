"""The figures of the web process."""

from __future__ import annotations

from web.meters import Meters


def test_answers_are_counted_by_method_and_status() -> None:
    meters = Meters()
    meters.count("GET", 200, 0.25)
    meters.count("GET", 200, 0.25)
    meters.count('BR"EW', 405, 0.0)
    lines = list(meters.lines())
    assert 'cashier_http_answers_total{method="GET",status="200"} 2' in lines
    assert 'cashier_http_answers_total{method="other",status="405"} 1' in lines
    assert "cashier_http_seconds_total 0.500000" in lines
