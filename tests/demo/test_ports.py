"""Ports are free when the demo says so."""

from __future__ import annotations

import socket

import pytest

from demo.ports import HOST, free_port, require_free
from demo.trouble import DemoTrouble


def test_a_free_port_can_be_listened_on() -> None:
    require_free(free_port())


def test_a_taken_port_is_named_in_the_trouble() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DemoTrouble, match=f"port {port} "):
            require_free(port)
