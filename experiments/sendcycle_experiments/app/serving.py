"""The page is served by Solara from this machine alone: nothing is loaded from elsewhere or sent anywhere.

Only this machine is asked for by its own names, and only by its own page: other sites that a visitor has open cannot
reach the page through the visitor's browser (`SameOriginOnly`).
"""

import ipaddress
import os
import socket
import sys
import threading
import time
import warnings
import webbrowser
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from sendcycle.errors import SendcycleError
from sendcycle_experiments.app.choices import FIRST

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]

PAGE = "sendcycle_experiments.app.page"
SETTINGS = {
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False",
    "SOLARA_THEME_SHOW_BANNER": "False",
    "SOLARA_THEME_TITLE": "sendcycle",
    "SOLARA_SESSION_HTTPS_ONLY": "False",
    "SOLARA_CHECK_HOOKS": "off",  # of Mesa's components, which are not ours to mend
    "SOLARA_MODE": "production",
    "SOLARA_APP": PAGE,
    "SOLARA_KERNEL_CULL_TIMEOUT": "3m",  # a run whose browser has gone ends after this
    "SOLARA_KERNEL_MAX_COUNT": "8",  # visitors at once: each holds two models in memory
}
LARGEST_MESSAGE = 4 * 2**20  # bytes that a browser may send at once; a scenario file has a hundredth of that


class SameOriginOnly:
    """Passes on to `app` what is asked of this machine by its own page, and refuses the rest with status 403.

    Parameters
    ----------
    app
        The page.
    host, port
        Where it is served.
    """

    def __init__(self, app: App, host: str, port: int) -> None:
        self.app, self.port = app, port
        self.names = {host.lower(), "localhost", socket.gethostname().lower(), socket.getfqdn().lower()}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] in ("http", "websocket"):
            headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
            if not self.is_ours(headers.get("host", ""), headers.get("origin")):
                await _refuse(scope["type"], receive, send)
                return
        await self.app(scope, receive, send)

    def is_ours(self, host: str, origin: str | None) -> bool:
        """Say whether a request names this machine, and comes from no page but this one's.

        A foreign site can let a name of its own lead to this machine; a bare address it cannot fake.
        """
        name, _, port = host.lower().rpartition(":") if host.rpartition(":")[2].isdigit() else (host.lower(), "", "80")
        if port != str(self.port) or not (name in self.names or _is_address(name.strip("[]"))):
            return False
        return origin is None or origin.lower().partition("://")[2] == host.lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _refuse(kind: str, receive: Receive, send: Send) -> None:
    if kind == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
        return
    text = b"This page answers only on the address of its own machine, and only to itself.\n"
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": text})


def is_open_to_others(host: str) -> bool:
    """Say whether a page at this host can be reached from other machines."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() != "localhost"


def serve(scenario: str, *, host: str, port: int, browser: bool) -> None:
    """Serve the page until interrupted.

    Parameters
    ----------
    scenario
        What it begins with.
    host, port
        Where it is reached.
    browser
        Whether one is opened.

    Raises
    ------
    SendcycleError
        If there is no such host, or the port is taken.
    """
    with _free_place(host, port) as place:
        if is_open_to_others(host):
            print(
                f"warning: whoever reaches this machine on port {port} can use the page and run the model on it, "
                "without a password and without encryption (docs/page.md)", file=sys.stderr,
            )  # fmt: skip
        for name, value in SETTINGS.items():
            os.environ.setdefault(name, value)
        os.environ[FIRST] = scenario
        warnings.filterwarnings("ignore", message="Cookies with samesite=none")  # of pages within other pages
        import uvicorn
        from solara.server.starlette import app  # reads the settings when imported

        config = uvicorn.Config(
            SameOriginOnly(app, host, port), log_level="error", ws_max_size=LARGEST_MESSAGE, timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        if browser:
            threading.Thread(target=_open_browser, args=(server, f"http://{host}:{port}/"), daemon=True).start()
        server.run(sockets=[place])


def _free_place(host: str, port: int) -> socket.socket:
    """Return a socket that listens at a host and port."""
    try:
        kind, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=kind)
    except (OSError, UnicodeError) as error:
        raise SendcycleError(f"cannot serve the page at {host}:{port}: {error.args[-1]}.") from error


def _open_browser(server: Any, address: str) -> None:
    """Open a browser once the page answers."""
    while not server.started:
        time.sleep(0.1)
    webbrowser.open(address)
