"""Addresses: which one, what of it is shown, and how soon it is known that nobody answers."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from chs_ml.errors import TrackingError
from chs_ml.tracking.address import check_reachable, resolve, scrubbed, shown, sqlite_file


@contextmanager
def listening(answer: bytes | None):
    """A server that accepts, and says ``answer`` or nothing ever."""
    server = socket.create_server(("127.0.0.1", 0))
    kept = []

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            kept.append(connection)
            if answer is not None:
                connection.recv(10_000)
                connection.sendall(answer)
                connection.close()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server.getsockname()[1]
    finally:
        server.close()
        for connection in kept:
            connection.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.parametrize(
    ("uri", "seen"),
    [
        ("http://user:pass@host:5000/path", "http://host:5000/path"),
        ("postgresql+psycopg2://user:p%40ss@host/db?sslpassword=x", "postgresql+psycopg2://host/db"),
        ("mysql://user:pa/ss@host/db", "mysql://host/db"),
        ("https://host:5000/path@v1", "https://host:5000/path@v1"),
        ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
        ("databricks://profile", "databricks://profile"),
    ],
)
def test_credentials_are_not_shown(uri, seen):
    assert shown(uri) == seen


def test_what_a_library_says_is_scrubbed(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "tok-123")
    said = "cannot reach http://me:s%23cret@host:1 as 's#cret' with tok-123, s%23cret"
    assert scrubbed(said, "http://me:s%23cret@host:1") == "cannot reach http://host:1 as '…' with …, …"


def test_a_relative_file_stays_where_it_is(work, monkeypatch):
    assert resolve(None) == f"sqlite:///{work}/mlflow.db"
    assert resolve("sqlite:///sub/m.db?timeout=3") == f"sqlite:///{work}/sub/m.db?timeout=3"
    assert resolve("sqlite:///:memory:") == "sqlite:///:memory:"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://host:1")
    assert resolve(None) == "http://host:1"
    assert resolve("http://other:2") == "http://other:2"
    assert sqlite_file("sqlite:////a/b.db?x=1") == Path("/a/b.db")
    assert sqlite_file("http://host") is None


@pytest.mark.parametrize("scheme", ["http", "https", "postgresql", "mysql+pymysql"])
def test_nobody_there_is_known_at_once(work, scheme):
    begun = time.monotonic()
    with pytest.raises(TrackingError, match=r"^MLflow at 127\.0\.0\.1:\d+ could not be reached: Connection refused$"):
        check_reachable(f"{scheme}://user:secret@127.0.0.1:{free_port()}/db")
    assert time.monotonic() - begun < 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_somebody_who_never_answers(work, scheme):
    with listening(None) as port:
        begun = time.monotonic()
        with pytest.raises(TrackingError, match=r"could not be reached: no answer within 0\.5 s"):
            check_reachable(f"{scheme}://127.0.0.1:{port}", patience=0.5)
        assert time.monotonic() - begun < 1.5


def test_a_gateway_without_its_server(work):
    answer = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
    with listening(answer) as port, pytest.raises(TrackingError, match=r"its gateway answered 503"):
        check_reachable(f"http://127.0.0.1:{port}")


def test_any_other_answer_is_an_answer(work):
    with listening(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n") as port:
        check_reachable(f"http://127.0.0.1:{port}")
    with listening(b"220 mail\r\n") as port:
        check_reachable(f"https://127.0.0.1:{port}")


def test_a_name_that_is_looked_up_for_ever(work, monkeypatch):
    waiting = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: [waiting.wait(20)][1:])
    begun = time.monotonic()
    with pytest.raises(TrackingError, match=r"MLflow at tracking\.example:80 could not be reached: no answer"):
        check_reachable("http://tracking.example", patience=0.5)
    assert time.monotonic() - begun < 2
    waiting.set()


def test_behind_a_proxy_nobody_is_asked_directly(work, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "localhost")
    check_reachable(f"http://127.0.0.1:{free_port()}")


@pytest.mark.parametrize("uri", ["databricks", "sqlite:///x.db", "file:///x", "mlruns", "postgresql:///db"])
def test_other_addresses_are_not_asked(uri):
    check_reachable(uri)


def test_an_address_that_is_none(work):
    with pytest.raises(TrackingError, match=r"the address of MLflow cannot be read"):
        check_reachable("http://user:pa/ss@host:port")
