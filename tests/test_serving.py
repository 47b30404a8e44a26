"""The page answers to this machine's own page alone; other sites and other names are refused."""

import asyncio
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest

from sendcycle.errors import SendcycleError
from sendcycle_experiments.app.serving import SETTINGS, SameOriginOnly, is_open_to_others, serve
from sendcycle_experiments.sweeps.designs import Design
from sendcycle_experiments.sweeps.runner import sweep

PORT = 8765


def answered(headers: dict[str, str], kind: str = "http", host: str = "127.0.0.1") -> list[dict[str, Any]]:
    """Return what a request gets."""
    sent: list[dict[str, Any]] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "reached"})

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {"type": kind, "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    asyncio.run(SameOriginOnly(page, host, PORT)(scope, receive, send))
    return sent


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "headers",
    [
        {"host": f"127.0.0.1:{PORT}"},
        {"host": f"localhost:{PORT}"},
        {"host": f"[::1]:{PORT}"},
        {"host": f"127.0.0.1:{PORT}", "origin": f"http://127.0.0.1:{PORT}"},
        {"Host": f"LocalHost:{PORT}", "Origin": f"http://localhost:{PORT}"},
    ],
)
def test_the_page_answers_itself(kind: str, headers: dict[str, str]) -> None:
    assert answered(headers, kind) == [{"type": "reached"}]


@pytest.mark.parametrize("kind", ["http", "websocket"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "127.0.0.1"},
        {"host": "127.0.0.1:80"},
        {"host": f"evil.example:{PORT}"},
        {"host": f"127.0.0.1:{PORT}", "origin": "http://evil.example"},
        {"host": f"127.0.0.1:{PORT}", "origin": "null"},
        {"host": f"127.0.0.1:{PORT}", "origin": "http://127.0.0.1:9999"},
        {"host": f"127.0.0.1.evil.example:{PORT}", "origin": f"http://127.0.0.1.evil.example:{PORT}"},
    ],
)
def test_other_sites_and_other_names_are_refused(kind: str, headers: dict[str, str]) -> None:
    first = answered(headers, kind)[0]
    assert first.get("status") == 403 or first.get("code") == 1008


def test_a_page_opened_to_others_answers_by_address() -> None:
    assert answered({"host": f"192.0.2.7:{PORT}"}, host="0.0.0.0") == [{"type": "reached"}]
    assert answered({"host": f"evil.example:{PORT}"}, host="0.0.0.0")[0]["status"] == 403


def test_only_loopback_is_closed_to_others() -> None:
    assert [is_open_to_others(host) for host in ("127.0.0.1", "localhost", "::1")] == [False] * 3
    assert [is_open_to_others(host) for host in ("0.0.0.0", "::", "192.0.2.7", "example.org")] == [True] * 4


def test_a_place_that_cannot_be_had_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(SendcycleError, match="cannot serve"):
            serve("no_change", host="127.0.0.1", port=taken.getsockname()[1], browser=False)
    with pytest.raises(SendcycleError, match="cannot serve"):
        serve("no_change", host="not a host.invalid", port=PORT, browser=False)


def test_runs_whose_browser_has_gone_end_within_minutes() -> None:
    from solara.util import parse_timedelta

    assert parse_timedelta(SETTINGS["SOLARA_KERNEL_CULL_TIMEOUT"]) <= 300
    assert int(SETTINGS["SOLARA_KERNEL_MAX_COUNT"]) <= 20


def test_nothing_of_a_sweep_listens_beyond_this_machine(tmp_path: Path) -> None:
    import psutil

    places: list[str] = []

    def look(dashboard: str) -> None:
        assert urlparse(dashboard).hostname == "127.0.0.1"
        us = psutil.Process()
        for process in (us, *us.children(recursive=True)):
            found = process.net_connections(kind="inet")
            places.extend(str(one.laddr.ip) for one in found if one.status == psutil.CONN_LISTEN)

    design = Design("listening", scale=0.0005, until="2015-12", years=(2015,), outcomes=("plans_in_force",))
    sweep(design, tmp_path / "out", workers=1, announce=look)
    assert set(places) == {"127.0.0.1"}
