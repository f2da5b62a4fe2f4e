"""A process that trains one network of a pool: ``python -m rainsmith.train.network_process RUN NUMBER``."""

from __future__ import annotations

import os
import signal
import sys
import threading

from rainsmith.base.errors import Interrupted, UserError
from rainsmith.base.locks import writing
from rainsmith.config import load_config
from rainsmith.run_folder import Run
from rainsmith.train.loop import train_network
from rainsmith.train.pool import REFUSED, STOPPED, fold_of


def main(folder: str, number: int) -> int:
    """Train the network whose configuration lies in its folder, or go on with it.

    Returns:
        The exit code: 2 for an error that standard error names in one line, 130 where it was stopped.
    """
    threading.Thread(target=_stop_with_parent, daemon=True).start()
    run = Run(folder)
    network = run.network(number)
    try:
        config = load_config(network.folder / "config.yaml")
        with writing(network.folder, "rainsmith train"):
            train_network(config, network, fold_of(config, number), resume=network.holds_training)
    except (UserError, OSError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return REFUSED
    except Interrupted as stopped:
        print(stopped, file=sys.stderr)
        return STOPPED
    return 0


def _stop_with_parent() -> None:
    """Ask this process to save its state and end when the one that started it is gone."""
    while os.read(0, 1024):  # not by way of sys.stdin, whose lock would be held when the interpreter ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
