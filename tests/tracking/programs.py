"""Small programs for tests that need a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

TRACK = """
import sys
from pathlib import Path
from chs_ml.tracking import track_run
tracked = track_run(Path(sys.argv[1]), "telco", note=lambda said: print(said, file=sys.stderr))
print(tracked.run_id, tracked.model_version)
"""

STOPPED = """
import sys, time
from pathlib import Path
from chs_ml.tracking import track, track_run
def wait(client, experiment_id, run_id, weights):
    print(run_id, flush=True)
    time.sleep(60)
track.log_model = wait
track_run(Path(sys.argv[1]), "telco")
"""

REFUSED = """
import sys, time
from pathlib import Path
from chs_ml.errors import TrackingError
from chs_ml.tracking import track_run
begun = time.monotonic()
try:
    track_run(Path(sys.argv[1]), "telco")
except TrackingError as error:
    print(time.monotonic() - begun, "mlflow" in sys.modules)
    print(error)
    sys.exit(error.exit_code)
"""


def start(program: str, *arguments: object, **surroundings: str) -> subprocess.Popen[str]:
    """Start a program that finds the package; it works in the current directory."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **surroundings},
    )
