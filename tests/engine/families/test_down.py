"""A broken exchange is told in the same words, whatever the family."""

from __future__ import annotations

import http.client

import pytest

from engine.errors import NodeForbids
from engine.families.down import WORDS_MAX, ReplyMismatch, down, no_json


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (TimeoutError(), "the node did not answer in time"),
        (ConnectionRefusedError(), "nothing answers at the node's address"),
        (ReplyMismatch("id"), "the node answered another request than ours"),
        (http.client.IncompleteRead(b""), "the node's reply was cut off"),
        (http.client.RemoteDisconnected(""), "the connection to the node failed"),
        (ConnectionResetError(), "the connection to the node failed"),
        (ValueError("x"), "the node's reply is malformed"),
        (RecursionError(), "the node's reply is malformed"),
    ],
)
def test_each_failure_has_its_words(error: BaseException, words: str) -> None:
    assert str(down("getinfo", error)) == words


def test_the_detail_names_call_and_exception_and_is_bounded() -> None:
    detail = down("getinfo", ValueError("long " * 200)).detail
    assert detail.startswith("getinfo: ValueError: long")
    assert len(detail) <= WORDS_MAX + len("getinfo: ValueError: ")


def test_a_status_has_its_words_and_an_unknown_one_its_number() -> None:
    said = {status: str(no_json(status, detail="")) for status in (401, 429, 502)}
    assert said == {
        401: "401: the node refused our user and password",
        429: "429: the node has had too many requests",
        502: "502: the node's reply is not JSON",
    }


def test_a_node_that_forbids_a_call_is_told_from_one_that_is_down() -> None:
    assert isinstance(no_json(403, detail="listsinceblock"), NodeForbids)
    assert not isinstance(no_json(401, detail="listsinceblock"), NodeForbids)
