"""cashier.toml: what may stand in it, and how it becomes `Config`."""

from engine.config.confirmations import Tiers
from engine.config.currency import DEVELOPMENT_CHAIN_IDS, Currency
from engine.config.currency_table import Batch, Cold, Keys, Sweep, Withdrawal
from engine.config.house import Alerts, Audit, Publish, Risk, Rule
from engine.config.loading import Config, load_config
from engine.config.reading import ROLES, Role
from engine.config.resolve import FAMILIES
from engine.config.secrets import Secret
from engine.config.site import ApiKey, Handshake, Site, Web, Webhook
from engine.config.staff import Staff
from engine.config.values import Listen, parse_listen

__all__ = [
    "DEVELOPMENT_CHAIN_IDS",
    "FAMILIES",
    "ROLES",
    "Alerts",
    "ApiKey",
    "Audit",
    "Batch",
    "Cold",
    "Config",
    "Currency",
    "Handshake",
    "Keys",
    "Listen",
    "Publish",
    "Risk",
    "Role",
    "Rule",
    "Secret",
    "Site",
    "Staff",
    "Sweep",
    "Tiers",
    "Web",
    "Webhook",
    "Withdrawal",
    "load_config",
    "parse_listen",
]
