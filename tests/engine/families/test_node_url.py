"""A node's address is read whole, or refused without showing what may be a password."""

from __future__ import annotations

import pytest

from engine.errors import NodeDown
from engine.families.node_url import read_node_url


def test_a_node_is_named_by_user_host_port_and_path() -> None:
    url = read_node_url("http://ann:p%40ss@127.0.0.1:9332/wallet/cashier", path="/wallet/name")
    assert (url.hostname, url.port, url.path) == ("127.0.0.1", 9332, "/wallet/cashier")


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1:1", "ftp://h:1", "http://:1/", "http://h:0", "http://h:x", "http://[h"]
)
def test_what_is_no_address_is_refused_in_words(text: str) -> None:
    with pytest.raises(NodeDown, match=r"not of the form http://user:password@host:port/path$"):
        read_node_url(text, path="/path")


def test_a_refusal_shows_no_password() -> None:
    with pytest.raises(NodeDown) as refused:
        read_node_url("http://ann:secret@:x/", path="/path")
    assert "secret" not in f"{refused.value} {refused.value.detail}"
