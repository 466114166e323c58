"""Everything that must be true before coins arrive, asked now: findings as data, none raised."""

from engine.preflight.alerts import check_alerts
from engine.preflight.currency import check_currency, check_node
from engine.preflight.finding import Finding
from engine.preflight.house import check_database, check_files
from engine.preflight.staff import check_acceptance, check_staff

__all__ = [
    "Finding",
    "check_acceptance",
    "check_alerts",
    "check_currency",
    "check_database",
    "check_files",
    "check_node",
    "check_staff",
]
