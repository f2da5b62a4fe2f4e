"""A process that shares the steps of a training: ``python -m rainsmith.train.helper_process``; see ``helpers``."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading

from rainsmith.base.errors import Interrupted, UserError
from rainsmith.config import parse
from rainsmith.run_folder import Run
from rainsmith.train.loop import train_network


def main() -> int:
    """Read what to train from the first line of standard input, say that all is ready, and train.

    Returns:
        The exit code: 2 for an error that standard error names in one line, 130 where it was stopped.
    """
    wanted = json.loads(_first_line())
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    print("ready", flush=True)
    try:
        train_network(parse(wanted["config"]), Run(wanted["run"]), resume=wanted["resume"])
    except (UserError, OSError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    except Interrupted:
        return 130
    return 0


def _first_line() -> bytes:
    """Byte by byte, so that the thread that waits for the end of standard input finds nothing buffered."""
    line = bytearray()
    while (byte := os.read(0, 1)) not in (b"", b"\n"):
        line += byte
    return bytes(line)


def _stop_with_parent() -> None:
    """End when the process that started this one is gone; it holds the state, so there is nothing to save here."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
