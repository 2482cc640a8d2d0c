"""A tiny app without queues: an Event Grid function of each kind, and a timer."""

import json
import logging
import time

import azure.functions as func

from tests.functional.apps.records import record

app = func.FunctionApp()


@app.event_grid_trigger(arg_name="event")
def on_event(event: str) -> None:
    logging.getLogger("app").info("was given %s", json.loads(event)["id"])
    time.sleep(json.loads(event).get("data", {}).get("sleep", 0))
    record("on_event", event)
    if json.loads(event).get("subject") == "fail":
        raise ValueError("told to fail")


@app.event_grid_trigger(arg_name="event")
async def on_event_async(event: str) -> None:
    record("on_event_async", event)


@app.timer_trigger(arg_name="timer", schedule="0 0 3 * * *")
def nightly(timer: func.TimerRequest) -> None:
    record("nightly", str(timer.past_due))
