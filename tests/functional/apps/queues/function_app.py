"""A tiny app with queues: two doors that pass events on, a worker that fails when told to, and its poison queue."""

import json
import time

import azure.functions as func

from tests.functional.apps.records import record

app = func.FunctionApp()


@app.event_grid_trigger(arg_name="event")
@app.queue_output(arg_name="work", queue_name="%WORK_QUEUE%", connection="REGISTRAR_STORAGE")
def on_text(event: str, work: func.Out[str]) -> None:
    work.set(json.dumps(json.loads(event)["data"]))
    if json.loads(event).get("subject") == "fail":
        raise ValueError("told to fail")


@app.event_grid_trigger(arg_name="event")
@app.queue_output(arg_name="work", queue_name="%WORK_QUEUE%", connection="REGISTRAR_STORAGE")
def on_bytes(event: str, work: func.Out[bytes]) -> None:
    work.set(event.encode())


@app.queue_trigger(arg_name="item", queue_name="%WORK_QUEUE%", connection="REGISTRAR_STORAGE")
def work(item: str) -> None:
    record("work", item)
    told = json.loads(item)
    time.sleep(told.get("sleep", 0))
    if told.get("fail"):
        raise RuntimeError("told to fail")


@app.queue_trigger(arg_name="item", queue_name="%WORK_QUEUE%-poison", connection="REGISTRAR_STORAGE")
def poisoned(item: func.QueueMessage) -> None:
    record("poisoned", item.get_body().decode())
