"""The headers of every answer: what a browser may do with it, and who may embed the page."""

from __future__ import annotations

from collections.abc import Sequence

_FEATURES_OFF = (
    "accelerometer",
    "camera",
    "display-capture",
    "geolocation",
    "gyroscope",
    "microphone",
    "payment",
    "usb",
)
_HSTS_S = 31_536_000


def security_headers(*, frame_ancestors: Sequence[str], secure: bool) -> dict[str, str]:
    """Headers by name. Nothing is loaded from anywhere but here, no script or style is inline, and
    pictures are ours or a QR code in the page itself."""
    ancestors = " ".join(frame_ancestors) or "'none'"
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        f"frame-ancestors {ancestors}",
    )
    headers = {
        "Server": "cashier",
        "Content-Security-Policy": "; ".join(policy),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": ", ".join(f"{name}=()" for name in _FEATURES_OFF),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    }
    if not frame_ancestors:
        headers["X-Frame-Options"] = "DENY"
    if secure:
        headers["Strict-Transport-Security"] = f"max-age={_HSTS_S}"
    return headers
