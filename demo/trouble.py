"""What the demo cannot do, in one line that says what to do about it."""

from engine.errors import CashierError


class DemoTrouble(CashierError):
    """The sandbox cannot start or go on; its text is for the person at the terminal."""

    code = "demo_trouble"
