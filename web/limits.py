"""How much one client or one address may ask, and whose address a request has."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_HOPS_MAX = 20

Network = IPv4Network | IPv6Network
Host = IPv4Address | IPv6Address


class RateLimit:
    """Token buckets, one per key: `per_minute` at once, refilled evenly. 0 switches it off.

    Time is an argument (monotonic seconds). At most `keys_max` buckets are kept; the one that was
    idle longest goes first, and an idle bucket is a full one soon.
    """

    def __init__(self, per_minute: int, *, keys_max: int = 20_000) -> None:
        self.per_minute = per_minute
        self._keys_max = keys_max
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: str, *, at_s: float) -> float:
        """Take one token of `key`: 0.0 if there was one, else seconds until there is."""
        if not self.per_minute:
            return 0.0
        left, since_s = self._buckets.pop(key, (float(self.per_minute), at_s))
        refilled = max(0.0, at_s - since_s) * self.per_minute / 60
        left = min(float(self.per_minute), left + refilled)
        allowed = left >= 1
        self._buckets[key] = (left - 1 if allowed else left, at_s)
        if len(self._buckets) > self._keys_max:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) * 60 / self.per_minute


class OpenConnections:
    """How many connections are open, in all and by address: one address cannot take every place.
    Our own proxies may hold many, they stand for everybody."""

    def __init__(self, *, total: int, per_address: int, trusted: Sequence[Network]) -> None:
        self._total = total
        self._per_address = per_address
        self._trusted = trusted
        self._open: Counter[str] = Counter()

    def admit(self, remote: str) -> bool:
        """Take a place for a connection from `remote`; False where there is none left."""
        found = _parsed(remote)
        is_proxy = found is not None and any(found in network for network in self._trusted)
        if self._open.total() >= self._total:
            return False
        if not is_proxy and self._open[remote] >= self._per_address:
            return False
        self._open[remote] += 1
        return True

    def leave(self, remote: str) -> None:
        """Give the place back."""
        self._open[remote] -= 1
        if self._open[remote] <= 0:
            del self._open[remote]


def client_address(remote: str, forwarded: str, *, trusted: Sequence[Network]) -> str:
    """The address that a request counts for.

    `forwarded` is X-Forwarded-For. It is read from its end, and only as far as addresses of our
    own proxies vouch for it: what stands before the first stranger is that stranger's invention.
    """
    found = _parsed(remote)
    if found is None:
        return remote
    for hop in reversed(forwarded.split(",")[-_HOPS_MAX:]):
        before = _parsed(hop.strip())
        if before is None or not any(found in network for network in trusted):
            break
        found = before
    return _bucket_name(found)


def _parsed(text: str) -> Host | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _bucket_name(address: Host) -> str:
    """The address, or an IPv6 household: a /64 is what one subscriber gets."""
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((address, 64), strict=False))
