"""The command line: parses, calls, prints; no arithmetic."""

from __future__ import annotations

import os
import re
import sys

from chs_ml.cli.stopping import stoppable


def main() -> None:
    """Run ``chs-ml``; a problem that the user can mend is one message on stderr and the exit code of its kind.

    Interrupted (SIGINT, SIGTERM) it says what is saved and ends with 130 or 143; what was being written is not there.
    """
    with stoppable():  # before anything is loaded that takes its time
        _run()


_SECRET = re.compile(r"\w[\w+.-]*:/+[^/\s]*@")
"""An address with a user, and so perhaps with a password, as a connection string begins."""


def _run() -> None:
    from chs_ml.cli.app import app
    from chs_ml.cli.talk import readable_anywhere, say
    from chs_ml.errors import ChsError

    readable_anywhere()
    try:
        if any(map(_SECRET.match, sys.argv[1:])):
            raise ChsError(
                "a connection string is no argument of chs-ml, and is not repeated here. Databases are read by a spec: "
                'url: "${WAREHOUSE_URL}", with the address in the environment; or export the table to CSV or Parquet'
            )
        app()
    except ChsError as error:
        for problem in error.problems:
            say(f"chs-ml: {problem}")
        sys.exit(error.exit_code)
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
