"""The command line: parses, calls, prints; no arithmetic."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

from chs_ml.errors import ChsError


def main() -> None:
    """Run ``chs-ml``; a problem that the user can mend is one message on stderr and the exit code of its kind.

    Interrupted (SIGINT, SIGTERM) it ends with 130 or 143, and what was being written is not there.
    """
    from chs_ml.cli.app import app
    from chs_ml.cli.talk import readable_anywhere

    readable_anywhere()
    signal.signal(signal.SIGTERM, _stopped)
    try:
        app()
    except ChsError as error:
        for problem in error.problems:
            print(f"chs-ml: {problem}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def _stopped(number: int, frame: object) -> NoReturn:
    sys.exit(128 + number)
