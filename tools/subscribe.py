"""After azd deployed the code: wait until Azure has found the functions, then deploy the event subscriptions.

Event Grid refuses a subscription to a function that is not there yet, and Flex Consumption takes a while to show what
was deployed. The wait ends after five minutes, or after REGISTRAR_WAIT_SECONDS.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

from azure_cli import CliError, az

ARM = "https://management.azure.com"
WAIT = "REGISTRAR_WAIT_SECONDS"
SITES_API = "2024-11-01"
# Nobody is signed in, or to another tenant, or without the role: waiting does not help.
LASTING = re.compile(r"az login|AADSTS|AuthenticationToken|AuthorizationFailed|SubscriptionNotFound|not on the PATH")
HEARING = frozenset({"on_job_event", "on_drop_event"})
LOOKS = 30  # at most, spread over the wait
DEPLOYED = 1800  # seconds that the subscriptions take at most
INFRA = Path(__file__).resolve().parent.parent / "infra"


def main() -> int:
    """Exit status 0, or 1 with what to do."""
    try:
        app, delivery = _told("REGISTRAR_APP_ID"), _told("REGISTRAR_DELIVERY")
        if delivery == "function":
            wait_for_functions(app, seconds=_seconds(os.environ.get(WAIT) or "300"))
        subscribe()
    except CliError as error:
        sys.stderr.write(f"subscribe: {error}\n")
        return 1
    return 0


def wait_for_functions(app: str, *, seconds: float) -> None:
    """Return when Azure shows the functions of `app` that hear events; raises `CliError` when it does not in time."""
    until = time.monotonic() + seconds
    while True:
        shown, trouble = _shown(app)
        missing = ", ".join(sorted(HEARING - shown))
        if not missing:
            return
        if time.monotonic() >= until:
            raise CliError(
                f"after {seconds:.0f} s Azure does not show {missing}. Either the app did not start (look at its log "
                f"stream, then: azd deploy), or Azure is slow (then: azd hooks run postdeploy). {trouble}".strip()
            )
        print(f"waiting for {missing}", flush=True)
        time.sleep(seconds / LOOKS)


def subscribe() -> None:
    """Deploy infra/events.bicep; az gives its parameter file this process's environment."""
    az(
        *("deployment", "sub", "create", "--name", f"registrar-events-{_told('REGISTRAR_TOKEN')}"),
        *("--location", _told("AZURE_LOCATION"), "--subscription", _told("AZURE_SUBSCRIPTION_ID")),
        *("--parameters", str(INFRA / "events.bicepparam")),  # names its template itself
        seconds=DEPLOYED,
    )
    print("the event subscriptions are there")


def _shown(app: str) -> tuple[set[str], str]:
    """The functions that Azure shows after it looked again, and what it refused: a new app may not answer yet.

    Raises `CliError` for a refusal that stays one.
    """
    trouble = ""
    for method, path in (("post", "host/default/sync"), ("get", "functions")):
        try:
            found = az("rest", "--method", method, "--url", f"{ARM}{app}/{path}?api-version={SITES_API}")
        except CliError as refused:
            if LASTING.search(str(refused)):
                raise
            trouble, found = str(refused), None
    value = found.get("value") if isinstance(found, dict) else None
    names = [one.get("name") for one in value or () if isinstance(one, dict)]
    return {str(name).rpartition("/")[2] for name in names}, trouble


def _seconds(text: str) -> float:
    if not re.fullmatch(r"\d+(\.\d+)?", text):
        raise CliError(f"{WAIT} is {text!r}; it has to be a number of seconds: azd env set {WAIT} 300")
    return float(text)


def _told(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise CliError(f"{name} is not set; run azd provision, which keeps it in the azd environment")
    return value


if __name__ == "__main__":
    sys.exit(main())
