"""The page is served by Solara from this machine alone: nothing is loaded from elsewhere, nothing told to anybody."""

import os
import warnings

from sendcycle_experiments.app.choices import FIRST

SETTINGS = {
    "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False",
    "SOLARA_THEME_SHOW_BANNER": "False",
    "SOLARA_THEME_TITLE": "sendcycle",
    "SOLARA_SESSION_HTTPS_ONLY": "False",
    "SOLARA_CHECK_HOOKS": "off",  # of Mesa's components, which are not ours to mend
}
PAGE = "sendcycle_experiments.app.page"


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
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    os.environ[FIRST] = scenario
    warnings.filterwarnings("ignore", message="Cookies with samesite=none")  # of pages within other pages
    from solara.__main__ import cli  # reads the settings when imported

    opened = "--open" if browser else "--no-open"
    cli(["run", PAGE, "--host", host, "--port", str(port), "--production", opened], standalone_mode=False)
