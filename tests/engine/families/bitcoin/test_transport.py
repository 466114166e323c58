"""What the transport makes of a node's replies, good and bad."""

from __future__ import annotations

import base64
import http.client
import logging
from collections.abc import Iterator
from decimal import Decimal
from http import HTTPStatus

import pytest

from engine.errors import NodeDown, NodeRefused
from engine.families.bitcoin.connection import connection_to
from engine.families.bitcoin.transport import Transport
from tests.nodes.canned import CannedNode, Raw, raw

TIP = "ab" * 32


@pytest.fixture
def node() -> Iterator[CannedNode]:
    with CannedNode({"getbestblockhash": TIP}) as canned:
        yield canned


@pytest.fixture
def transport(node: CannedNode) -> Iterator[Transport]:
    made = Transport(node.url)
    yield made
    made.close()


def test_a_result_comes_back_and_is_counted(transport: Transport) -> None:
    assert transport.call("getbestblockhash") == TIP
    assert transport.call("getbestblockhash") == TIP
    assert transport.calls == 2


def test_numbers_with_a_point_are_exact(node: CannedNode, transport: Transport) -> None:
    node.replies["getbalance"] = Decimal("92233720368.54775807")
    assert transport.call("getbalance") == Decimal("92233720368.54775807")


def test_a_number_that_the_library_cannot_print_is_read_all_the_same(
    node: CannedNode, transport: Transport
) -> None:
    node.replies["getbalance"] = raw('{"result":1e999,"error":null,"id":ID}')
    assert transport.call("getbalance") == Decimal("1e999")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (raw("<html>", status=401, content_type="text/html"), "401: the node refused our user"),
        (raw("", status=403, content_type="text/html"), "403: the node does not allow"),
        (raw("<html>", status=404, content_type="text/html"), "404: the node has nothing"),
        (
            raw("Work queue depth exceeded", status=500, content_type="text/html"),
            "500: the node has more work",
        ),
        (raw("Work queue depth exceeded", status=503, content_type="text/html"), "503: the node"),
        (raw("<html>", status=502, content_type="text/html"), "502: the node's reply is not JSON"),
        (raw('{"result":[1,2', content_type="application/json"), "the node's reply is malformed"),
        (raw("[]"), "the node answered another request"),
        (raw("null"), "the node answered another request"),
        (raw("[" * 100_000), "the node's reply is malformed"),
        (raw('{"result":1,"error":null,"id":-7}'), "the node answered another request"),
        (raw('{"result":1,"error":null,"id":null}'), "the node answered another request"),
        (raw("\ufffd"), "the node's reply is malformed"),
    ],
)
def test_what_is_no_json_rpc_reply_means_that_the_node_is_down(
    node: CannedNode, transport: Transport, reply: Raw, reason: str
) -> None:
    node.replies["listsinceblock"] = reply
    with pytest.raises(NodeDown) as caught:
        transport.call("listsinceblock")
    assert str(caught.value).startswith(reason)
    assert transport.call("getbestblockhash") == TIP


@pytest.mark.parametrize("member", ['"error":"text"', '"error":5', '"error":{}', '"other":1'])
def test_an_error_member_that_is_none_means_that_the_node_is_down(
    node: CannedNode, transport: Transport, member: str
) -> None:
    node.replies["listsinceblock"] = raw("{" + member + ',"id":ID}')
    with pytest.raises(NodeDown, match="malformed"):
        transport.call("listsinceblock")
    assert transport.call("getbestblockhash") == TIP


def test_a_starting_node_is_down_and_says_how_far_it_is(
    node: CannedNode, transport: Transport
) -> None:
    node.replies["listsinceblock"] = {"__error__": {"code": -28, "message": "Verifying blocks..."}}
    with pytest.raises(NodeDown, match="the node is still starting: Verifying blocks"):
        transport.call("listsinceblock")


@pytest.mark.parametrize(
    ("code", "words"),
    [(-18, "has not loaded the wallet"), (-19, "several wallets"), (-6, "refused a call")],
)
def test_an_error_of_the_nodes_own_is_a_refusal(
    node: CannedNode, transport: Transport, code: int, words: str
) -> None:
    node.replies["listsinceblock"] = {"__error__": {"code": code, "message": "inner /path text"}}
    with pytest.raises(NodeRefused, match=words) as caught:
        transport.call("listsinceblock")
    assert caught.value.rpc_code == code
    assert "inner" not in str(caught.value)
    assert "inner /path text" in caught.value.detail


def test_nobody_at_the_address_means_that_the_node_is_down() -> None:
    transport = Transport("http://user:secret-word@127.0.0.1:1/")
    with pytest.raises(NodeDown, match="nothing answers") as caught:
        transport.call("getbestblockhash")
    assert "secret-word" not in str(caught.value) + caught.value.detail


@pytest.mark.parametrize(
    "url", ["", "node", "ftp://u:pw9@h/", "http://", "http://u:pw9@h:0/", "http://u:pw9@[::1/"]
)
def test_an_address_that_is_none_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(NodeDown, match="not of the form") as caught:
        Transport(url)
    assert "pw9" not in str(caught.value) + caught.value.detail


def test_user_and_password_are_unquoted_and_kept_from_the_library() -> None:
    transport = Transport("http://al%40ice:p%2Fw%3A%25@127.0.0.1:1/wallet/x")
    login = base64.b64encode(b"al@ice:p/w:%").decode()
    assert transport._connection.login == f"Basic {login}"
    assert "p%2Fw" not in repr(vars(transport._library()))


def test_an_encrypted_address_gets_an_encrypted_connection() -> None:
    transport = Transport("https://u:p@node.example/")
    connection = connection_to(transport._url, timeout_s=1)
    assert isinstance(connection, http.client.HTTPSConnection)
    assert connection.port == 443


def test_the_librarys_log_never_shows_arguments(
    transport: Transport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    transport.call("getbestblockhash", "hunter2")
    assert "hunter2" not in caplog.text
    assert logging.getLogger("BitcoinRPC").level == logging.WARNING


def test_an_answer_of_the_node_keeps_its_connection(node: CannedNode, transport: Transport) -> None:
    node.replies["gettransaction"] = {"__error__": {"code": -5, "message": "unknown"}}
    transport.call("getbestblockhash")
    before = transport._connection
    with pytest.raises(NodeRefused):
        transport.call("gettransaction", TIP)
    assert transport._connection is before


def test_a_broken_reply_costs_its_connection(node: CannedNode, transport: Transport) -> None:
    node.replies["gettransaction"] = raw("oops", status=HTTPStatus.OK)
    before = transport._connection
    with pytest.raises(NodeDown):
        transport.call("gettransaction", TIP)
    assert transport._connection is not before
