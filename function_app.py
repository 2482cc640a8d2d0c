"""The doors of Registrar as Azure Functions: two for Event Grid, two for the queues, one timer. No logic lives here.

The Event Grid doors are coroutines: the others share a few threads and may fill them for minutes, and Event Grid waits
30 seconds for an answer.
"""

import azure.functions as func

from registration import doors

WORK = "registrar-work"
POISON = "registrar-work-poison"
STORAGE = "REGISTRAR_STORAGE"
EVERY_QUARTER_HOUR = "0 */15 * * * *"

app = func.FunctionApp()


@app.event_grid_trigger(arg_name="event")
@app.queue_output(arg_name="work", queue_name=WORK, connection=STORAGE)
async def on_job_event(event: str, work: func.Out[bytes]) -> None:
    """Azure ML says that a run completed or changed its status."""
    doors.hand_on_job(event, work.set)


@app.event_grid_trigger(arg_name="event")
@app.queue_output(arg_name="work", queue_name=WORK, connection=STORAGE)
async def on_drop_event(event: str, work: func.Out[bytes]) -> None:
    """Storage says that a blob was created."""
    doors.hand_on_drop(event, work.set)


@app.queue_trigger(arg_name="message", queue_name=WORK, connection=STORAGE)
def register_candidate(message: str) -> None:
    """Work on one event."""
    doors.register(message)


@app.queue_trigger(arg_name="message", queue_name=POISON, connection=STORAGE)
def quarantine_candidate(message: str) -> None:
    """Keep an event that could not be worked on."""
    doors.quarantine(message)


@app.timer_trigger(arg_name="timer", schedule=EVERY_QUARTER_HOUR)
def sweep_candidates(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the host gives it
    """Find what no event told of."""
    doors.sweep()
