"""The command line: parses, calls, prints; no arithmetic."""

from __future__ import annotations

import os
import sys

from chs_ml.errors import ChsError


def main() -> None:
    """Run ``chs-ml``; a problem that the user can mend is one message on stderr and the exit code of its kind."""
    from chs_ml.cli.app import app

    try:
        app()
    except ChsError as error:
        for problem in error.problems:
            print(f"chs-ml: {problem}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
