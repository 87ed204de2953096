"""`ibf-pipeline receiver`: the receiver of push notifications, and the unit by which systemd runs it."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from flows.cli.options import Config, InboxWorkspace
from flows.cli.terminal import console

_UNIT = """\
[Unit]
Description=Receiver of satellite notifications of the flood pipeline
Wants=network-online.target
After=network-online.target

[Service]
User={user}
WorkingDirectory={folder}
EnvironmentFile=-/etc/ibf-pipeline.env
ExecStart={command}
Restart=on-failure
RestartSec=5
TimeoutStopSec=45
NoNewPrivileges=true

[Install]
WantedBy=multi-user.target
"""


def receiver(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="instead of the settings' port")] = None,
    unit: Annotated[bool, typer.Option("--unit", help="print a systemd unit of this very command, and end")] = False,
    config: Config = "config",
    workspace: InboxWorkspace = None,
) -> None:
    """Serve the receiver of push notifications on this machine, behind a proxy that ends TLS (docs/subscriptions.md).

    Example: ibf-pipeline receiver --port 8600
    """
    import logging
    import signal

    import uvicorn

    from flows.wiring.subscriptions import open_receiver, receiver_settings

    if unit:
        receiver_settings(config, workspace)  # so that no unit is printed that cannot start
        print(unit_text(Path.cwd(), port, config, workspace), end="")
        return
    from ibf_pipeline.satellites.subscriptions.server import serving

    signal.signal(signal.SIGTERM, _stopped)
    app, settings = open_receiver(config, workspace)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("ibf_pipeline").setLevel(logging.INFO)
    console().print(
        f"listening at http://{settings.host}:{port or settings.port}/, on any path - stop with Ctrl+C", soft_wrap=True
    )
    uvicorn.Server(serving(app, settings, port)).run()


def _stopped(*_: object) -> NoReturn:
    """SIGTERM is the way to stop it: uvicorn, which answers what it has begun first, raises it again at its end."""
    raise SystemExit(0)


def unit_text(folder: Path, port: int | None, config: str, workspace: str | None) -> str:
    """A systemd unit that runs the receiver with this Python, as this user, on these settings (systemd.service(5))."""
    command = [sys.executable, "-m", "flows.cli.app", "receiver", "--config", str(folder / config)]
    command += ["--workspace", str(folder / workspace)] if workspace else []
    command += ["--port", str(port)] if port else []
    words = " ".join(_quoted(word) for word in command)
    return _UNIT.format(user=getpass.getuser(), folder=str(folder).replace("%", "%%"), command=words)


def _quoted(word: str) -> str:
    """A word of a command line as systemd reads it: `%` and `$` stand for something unless doubled."""
    for special, written in (("\\", "\\\\"), ('"', '\\"'), ("%", "%%"), ("$", "$$")):
        word = word.replace(special, written)
    return f'"{word}"' if any(letter.isspace() or letter in "\"';" for letter in word) else word
