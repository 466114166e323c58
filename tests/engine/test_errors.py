"""Errors have stable codes, sentences for clients and details for logs."""

from __future__ import annotations

import inspect

import pytest

from engine import errors
from engine.errors import AmountError, CashierError, ConfigError, NodeDown, NodeRefused, Problem

CLASSES = [
    each
    for _, each in inspect.getmembers(errors, inspect.isclass)
    if issubclass(each, CashierError)
]


def test_every_error_has_a_code_of_its_own_form() -> None:
    assert len(CLASSES) > 15
    for each in CLASSES:
        assert each.code.replace("_", "").isalpha()
        assert each.code == each.code.lower()


def test_two_kinds_of_error_do_not_share_a_code() -> None:
    codes = [each.code for each in CLASSES]
    assert len(set(codes)) == len(codes)


def test_what_a_client_reads_has_no_detail_of_the_node() -> None:
    error = NodeDown("the node does not answer", detail="ConnectionRefused http://user:pw@host")
    assert str(error) == "the node does not answer"
    assert "pw" in error.detail


def test_an_error_without_detail_details_itself() -> None:
    assert NodeRefused("no", rpc_code=-5).detail == "no"


def test_one_amount_error_has_two_codes_and_leaves_the_class_alone() -> None:
    assert AmountError("x", code="amount_precision").code == "amount_precision"
    assert AmountError.code == "amount_invalid"


@pytest.mark.parametrize(
    ("problem", "line"),
    [
        (
            Problem("currency.LTC.node", "is missing", "such as x"),
            "currency.LTC.node: is missing; such as x",
        ),
        (Problem("", "is no file"), "is no file"),
        (Problem("web", "is no table"), "web: is no table"),
    ],
)
def test_a_problem_is_one_line_with_its_cure(problem: Problem, line: str) -> None:
    assert str(problem) == line


def test_every_problem_of_a_configuration_has_its_line() -> None:
    error = ConfigError((Problem("a", "is wrong"), Problem("b", "is missing")))
    assert str(error).splitlines() == ["cashier.toml: a: is wrong", "cashier.toml: b: is missing"]
