"""The cookies that we set: their names and their attributes, in one place."""

from __future__ import annotations

from dataclasses import dataclass

_ENTRY_S = 300


@dataclass(frozen=True, slots=True)
class CookieRules:
    """`secure`: browsers reach us by https. `embedded`: the page stands in a frame of the site, so
    that a browser only sends cookies that say that they may travel there."""

    secure: bool
    embedded: bool

    @property
    def session(self) -> str:
        """Name of the session cookie. `__Host-` keeps other hosts of the domain from setting it."""
        return "__Host-cashier" if self.secure else "cashier"

    @property
    def entry(self) -> str:
        """Name of the cookie that proves that a confirmation came from our own question."""
        return "__Host-cashier-entry" if self.secure else "cashier_entry"

    def set_session(self, session_id: str) -> str:
        """The Set-Cookie line of a new session; it lives as long as the browser does."""
        return self._line(self.session, session_id, same_site="Lax")

    def set_entry(self, nonce: str) -> str:
        """The Set-Cookie line of a question, empty `nonce` to take it back."""
        age = f"; Max-Age={_ENTRY_S if nonce else 0}"
        return self._line(self.entry, nonce, same_site="Strict") + age

    def _line(self, name: str, value: str, *, same_site: str) -> str:
        line = f"{name}={value}; Path=/; HttpOnly"
        if self.embedded:
            return f"{line}; Secure; SameSite=None; Partitioned"
        return f"{line}{'; Secure' if self.secure else ''}; SameSite={same_site}"
