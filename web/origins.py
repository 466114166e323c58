"""Whose page a request comes from: ours, the trading site's, or a stranger's."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from tornado.httputil import split_host_and_port

from engine.config import Config

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1", "[::1]"})


class Origins:
    """The names under which we are known, and the sites that may lead clients to us."""

    def __init__(self, config: Config) -> None:
        self._scheme = urlsplit(config.web.url).scheme
        self._hosts: Collection[str] = config.web.allowed_hosts
        self._sites = config.site.origins

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by https."""
        return self._scheme == "https"

    def knows_host(self, host: str) -> bool:
        """Whether a Host header names us. Any other name that leads here is DNS rebinding."""
        return _name_of(host) in self._hosts

    def is_own(self, origin: str, *, host: str) -> bool:
        """Whether `origin` is the page that this Host header serves, by the scheme that we have."""
        if not self.knows_host(host):
            return False
        schemes = {self._scheme, "http"} if _name_of(host) in _THIS_MACHINE else {self._scheme}
        return origin.lower() in {f"{scheme}://{host.lower()}" for scheme in schemes}

    def is_site(self, origin: str | None) -> bool:
        """Whether `origin` is the trading site. Without a list (sandbox networks only) any is."""
        if self._sites is None:
            return True
        return origin is not None and any(_fits(origin.lower(), site) for site in self._sites)

    @property
    def site_url(self) -> str | None:
        """Where a client goes to come back with a fresh handshake, if it is known."""
        return next((site for site in self._sites or () if "*" not in site), None)


def _fits(origin: str, pattern: str) -> bool:
    """Whether `origin` is the one that is written, or below it where it begins with `*.`."""
    scheme, wildcard, domain = pattern.partition("://*.")
    if not wildcard:
        return origin == pattern
    return origin.startswith(f"{scheme}://") and origin.endswith(f".{domain}")


def _name_of(host: str) -> str:
    name = split_host_and_port(host.lower())[0]
    return name.removeprefix("[").removesuffix("]")
