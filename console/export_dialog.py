"""Histories for an auditor, written to a file from where one is: of one client, or of everybody."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from console.frame import Dialog
from console.safe import safe
from console.source import failures
from engine.errors import CashierError

if TYPE_CHECKING:
    from engine.config import Config

ROLES = ("payments", "approver", "auditor")
"""Who writes records out; support looks."""


class ExportDialog(Dialog[None]):
    """Asks for the file's name, and tells how it went until a key closes it. A file that is there
    is never written over."""

    DEFAULT_CSS = """
    ExportDialog { align: center middle; background: transparent; }
    ExportDialog #export { width: 76; max-width: 100%; height: auto; border: round $primary;
        background: $surface; padding: 0 1; }
    ExportDialog #told { height: auto; }
    ExportDialog #file { border: none; height: 1; padding: 0; background: $panel; }
    ExportDialog #file.gone { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave"),
        Binding("enter", "leave", "close", show=False),
    ]

    def __init__(self, client: str = "") -> None:
        super().__init__()
        self._client = client
        self.busy = False

    def compose(self) -> ComposeResult:
        whose = f"of client {self._client}" if self._client else "of everybody"
        day = self.console_app.clock().strftime("%Y-%m-%d")
        name = f"histories-{f'{self._client}-' if self._client else ''}{day}.jsonl"
        with Vertical(id="export") as box:
            box.border_title = "export"
            asked = f"Every move {whose}, with what proves it. To which file?"
            yield Static(Content(safe(asked)), id="told", markup=False)
            yield Input(safe(name), id="file", max_length=300)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if not text:
            return
        target = Path(text).expanduser()
        if target.exists():
            self._tell(f"{target} is there already; choose another name", "bold $state-wrong")
            return
        self.busy = True
        self.query_one(Input).add_class("gone")
        self.set_focus(None)
        self._tell("sealing and writing…", "$foreground-muted")
        config, deliver = self.console_app.source.config, self.console_app.deliver
        threading.Thread(
            target=lambda: deliver(self._written, _write(config, self._client, target)),
            name="export",
            daemon=True,
        ).start()

    def _written(self, outcome: tuple[bool, str]) -> None:
        self.busy = False
        if self.is_attached:
            well, said = outcome
            self._tell(said, "bold $state-done" if well else "bold $state-wrong")

    def _tell(self, text: str, style: str) -> None:
        lines = [Content.styled(safe(line), style) for line in text.split("\n")]
        if not self.busy and self.query_one(Input).has_class("gone"):
            lines.append(Content.styled("Enter closes", "$foreground-muted"))
        self.query_one("#told", Static).update(Content("\n").join(lines))

    def action_leave(self) -> None:
        """Away; a file that is being written is finished all the same."""
        self.dismiss(None)


def _write(config: Config | None, client: str, target: Path) -> tuple[bool, str]:
    """Whether it was written, and what to say; on a thread and a connection of its own."""
    from db.connection import connected
    from engine.audit import files
    from engine.audit.form import Filter
    from engine.clock import utc_now

    if config is None:
        return False, "the database is not open yet"
    try:
        with connected():
            unsealed = files.seal_first()
            rows = files.write_histories(Filter(client=client or None), target, now=utc_now())
    except OSError as error:
        return False, f"{target} cannot be written: {error.strerror}"
    except CashierError as error:
        return False, str(error)
    except failures() as error:
        return False, f"the database is away: {error}"
    said = f"{rows:,} rows are in {target}\ncheck it: cashier verify {target}"
    return True, f"{said}\n{unsealed}" if unsealed else said
