"""Ports are free when the demo says so."""

from __future__ import annotations

import socket

import pytest

from demo.ports import HOST, free_port, require_free
from demo.trouble import DemoTrouble


def test_a_free_port_can_be_listened_on_and_is_none_that_systems_give_away() -> None:
    port = free_port()
    require_free(port)
    assert port < 32_768


def test_a_taken_port_is_named_in_the_trouble() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DemoTrouble, match=f"port {port} "):
            require_free(port)
