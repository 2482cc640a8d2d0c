"""After azd deployed the code: wait until Azure has found the functions, then deploy the event subscriptions.

Event Grid refuses a subscription to a function that is not there yet, and Flex Consumption takes a while to show what
was deployed. The wait ends after five minutes, or after REGISTRAR_WAIT_SECONDS.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from azure_cli import CliError, az

ARM = "https://management.azure.com"
SITES_API = "2024-11-01"
HEARING = frozenset({"on_job_event", "on_drop_event"})
LOOKS = 30  # at most, spread over the wait
INFRA = Path(__file__).resolve().parent.parent / "infra"


def main() -> int:
    """Exit status 0, or 1 with what to do."""
    try:
        app, delivery = _told("REGISTRAR_APP_ID"), _told("REGISTRAR_DELIVERY")
        if delivery == "function":
            wait_for_functions(app, seconds=float(os.environ.get("REGISTRAR_WAIT_SECONDS") or 300))
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
    )
    print("the event subscriptions are there")


def _shown(app: str) -> tuple[set[str], str]:
    """The functions that Azure shows after it looked again, and what it refused: a new app may not answer yet."""
    try:
        az("rest", "--method", "post", "--url", f"{ARM}{app}/host/default/sync?api-version={SITES_API}")
        found = az("rest", "--method", "get", "--url", f"{ARM}{app}/functions?api-version={SITES_API}")
    except CliError as refused:
        return set(), str(refused)
    return {str(function["name"]).rpartition("/")[2] for function in found["value"]}, ""


def _told(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise CliError(f"{name} is not set; run azd provision, which keeps it in the azd environment")
    return value


if __name__ == "__main__":
    sys.exit(main())
