"""An app that cannot be indexed: its trigger names a parameter that its function does not have."""

import azure.functions as func

app = func.FunctionApp()


@app.event_grid_trigger(arg_name="event")
def on_event(happening: str) -> None:
    del happening
