"""Where MLflow is: the address as given, as it may be shown, and whether somebody answers there, in bounded time."""

from __future__ import annotations

import http.client
import os
import re
import socket
import ssl
import threading
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from chs_ml.errors import TrackingError

DEFAULT = "sqlite:///mlflow.db"
SQLITE = "sqlite:///"
PATIENCE = 4.0
PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}
# A password may hold a slash; `host:5000/…@…` holds none.
_CREDENTIALS = re.compile(r"(?<=://)(?:[^/\s@]*|[^/\s:@]+:(?!\d+/)[^\s@]*)@")
_SECRETS = ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME")
_GATEWAY_WITHOUT_SERVER = (502, 503, 504)


def resolve(uri: str | None) -> str:
    """Return the address of the store: the one given, MLFLOW_TRACKING_URI, or a file in the working directory.

    A relative path of a sqlite file is made absolute, so that it stays where it was.
    """
    chosen = uri or os.environ.get("MLFLOW_TRACKING_URI") or DEFAULT
    path, mark, query = chosen.removeprefix(SQLITE).partition("?")
    if not chosen.startswith(SQLITE) or path in {"", ":memory:"}:
        return chosen
    return SQLITE + Path(path).absolute().as_posix() + mark + query


def sqlite_file(uri: str) -> Path | None:
    """Return the file of a sqlite store, None for any other."""
    path = uri.removeprefix(SQLITE).partition("?")[0]
    return Path(path) if uri.startswith(SQLITE) and path not in {"", ":memory:"} else None


def shown(uri: str) -> str:
    """Return the address without user, password and query, for people to read."""
    return without_credentials(uri).partition("?")[0]


def without_credentials(text: str) -> str:
    """Return the text without ``user:password@`` in any address that it holds."""
    return _CREDENTIALS.sub("", text)


def scrubbed(text: str, uri: str) -> str:
    """Return what a library said, without credentials of the address or of the environment."""
    found = _CREDENTIALS.search(uri)
    password = found[0].rstrip("@").partition(":")[2] if found else ""
    secrets = {password, unquote(password), *(os.environ.get(name) for name in _SECRETS)}
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "…")
    return without_credentials(text)


def patience_of_user() -> float:
    """Return how long to wait for a first answer: longer where MLFLOW_HTTP_REQUEST_TIMEOUT asks for it."""
    asked = os.environ.get("MLFLOW_HTTP_REQUEST_TIMEOUT", "")
    return max(PATIENCE, float(asked)) if asked.isdigit() else PATIENCE


def check_reachable(uri: str, patience: float = PATIENCE) -> None:
    """Ask once whether a server answers at the address; mlflow is not imported for this.

    Raises:
        TrackingError: if within ``patience`` seconds nobody does, with host and port and nothing else of the address.
    """
    parts = _split(uri)
    scheme = parts.scheme.partition("+")[0]
    if scheme not in PORTS or not parts.hostname or _is_proxied(scheme, parts.hostname):
        return
    port = parts.port or PORTS[scheme]
    answer: list[str] = []
    # In a thread, because looking up a name has no timeout of its own.
    asking = threading.Thread(target=lambda: answer.append(_asked(parts, port, patience)), daemon=True)
    asking.start()
    asking.join(patience)
    trouble = answer[0] if answer else f"no answer within {patience:g} s"
    if trouble:
        raise TrackingError(f"MLflow at {parts.hostname}:{port} could not be reached: {trouble}")


def _split(uri: str) -> SplitResult:
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        raise TrackingError("the address of MLflow cannot be read; it is like http://host:5000") from None
    return parts


def _is_proxied(scheme: str, host: str) -> bool:
    return scheme in getproxies() and not proxy_bypass(host)


def _asked(parts: SplitResult, port: int, patience: float) -> str:
    """Return what is wrong, '' if somebody answers."""
    host = parts.hostname or ""
    try:
        if not parts.scheme.startswith("http"):
            socket.create_connection((host, port), patience).close()
            return ""
        return _status_trouble(parts, host, port, patience)
    except ssl.SSLError:
        return ""  # somebody is there; what is wrong with the certificates, mlflow says better
    except TimeoutError:
        return f"no answer within {patience:g} s"
    except OSError as error:
        return error.strerror or "the connection was closed"
    except (http.client.HTTPException, ValueError):
        return ""


def _status_trouble(parts: SplitResult, host: str, port: int, patience: float) -> str:
    """Send no credentials: any answer, a refusal too, shows that a server is there."""
    server = http.client.HTTPConnection(host, port, timeout=patience)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        server = http.client.HTTPSConnection(host, port, timeout=patience, context=context)
    try:
        server.request("GET", parts.path.rstrip("/") + "/health")
        status = server.getresponse().status
    finally:
        server.close()
    return f"its gateway answered {status}" if status in _GATEWAY_WITHOUT_SERVER else ""
