"""The desk: what every handler of one web process shares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from engine.clock import utc_now
from engine.config import Config
from engine.risk import RiskHook, open_hook
from web.cookies import CookieRules
from web.headers import security_headers
from web.limits import RateLimit
from web.meters import Meters
from web.origins import Origins
from web.worker import Worker

if TYPE_CHECKING:
    from web.feed import Feed


@dataclass(slots=True, kw_only=True)
class Desk:
    """The shared parts. `now` is the clock at the door; rules get its answer as a parameter."""

    config: Config
    worker: Worker
    feed: Feed
    origins: Origins
    cookies: CookieRules
    by_address: RateLimit
    by_client: RateLimit
    headers: dict[str, str]
    risk: RiskHook | None = None
    meters: Meters = field(default_factory=Meters)
    now: Callable[[], datetime] = utc_now


def make_desk(config: Config, *, worker: Worker, feed: Feed) -> Desk:
    """The shared parts as `config` wants them. Raises ConfigError for a risk hook that cannot be
    loaded."""
    origins = Origins(config)
    ancestors = config.web.frame_ancestors
    return Desk(
        config=config,
        worker=worker,
        feed=feed,
        origins=origins,
        cookies=CookieRules(secure=origins.secure, embedded=bool(ancestors)),
        by_address=RateLimit(config.web.rate_limit),
        by_client=RateLimit(config.web.rate_limit),
        headers=security_headers(frame_ancestors=ancestors, secure=origins.secure),
        risk=open_hook(config),
    )
