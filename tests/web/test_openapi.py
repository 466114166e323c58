"""The description of the API: whole, and in step with the routes."""

from __future__ import annotations

import re

from engine.config import Config
from web.app import ROUTES
from web.openapi import description, operations

PAGES = {
    r"/",
    r"/cashier",
    r"/cashier/withdraw",
    r"/cashier/history",
    r"/cashier/payments/([^/]+)",
    r"/docs",
}
FILES = {r"/openapi\.json", r"/static/([a-z-]+\.(?:css|js|svg))"}


def test_every_call_is_described_and_every_description_is_a_call(config: Config) -> None:
    described = {path.replace("{id}", "x") for path in description(config)["paths"]}
    calls = {pattern for pattern, _ in ROUTES} - PAGES - FILES
    for pattern in calls:
        assert any(re.fullmatch(pattern, path) for path in described), pattern
    for path in described:
        assert any(re.fullmatch(pattern, path) for pattern in calls), path


def test_every_answer_says_what_it_means(config: Config) -> None:
    for path in description(config)["paths"].values():
        for operation in path.values():
            assert operation["summary"].endswith(".")
            assert all(answer["description"] for answer in operation["responses"].values())
    assert len(operations()) >= 12


def test_a_header_that_is_needed_is_described(config: Config) -> None:
    parameters = description(config)["paths"]["/v1/withdrawals"]["post"]["parameters"]
    assert {"name": "Idempotency-Key", "in": "header", "required": True} in [
        {key: each[key] for key in ("name", "in", "required")} for each in parameters
    ]
