"""Import time and memory: our doors and our worker against a naive app that imports azure-ai-ml on top.

Each case runs in fresh processes, the cases in turn, so that ratios are of one run on one machine:

    doors    importing function_app: all that acknowledging an Event Grid event needs
    worker   the same, everything made that works on a message, and the policies read: all that a message needs up to
             its first registry call
    naive    a function_app that imports the clients and azure.ai.ml at the top, as samples do
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS = 7
GOALS = {"doors": 0.15, "worker": 0.35}
CASES = {
    "naive": """
import azure.functions, azure.identity, azure.storage.blob, azure.eventgrid
from azure.ai.ml import MLClient
""",
    "doors": "import function_app",
    "worker": """
import function_app
from registration import bootstrap
bootstrap.worker()
bootstrap.parts().resolver.catalog()
""",
}
MEASURE = """
import json, resource, sys, time
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
started = time.perf_counter()
{case}
seconds = time.perf_counter() - started
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({{"seconds": seconds, "kib": after - before, "sdk": "azure.ai.ml" in sys.modules}}))
"""
SETTINGS = {
    "REGISTRAR_WORKSPACE": "/subscriptions/s/resourceGroups/r/providers/Microsoft.MachineLearningServices/workspaces/w",
    "REGISTRAR_STORAGE__blobServiceUri": "https://bench.blob.core.windows.net",
    "REGISTRAR_STORAGE__queueServiceUri": "https://bench.queue.core.windows.net",
}


def measure(case: str, caches: str) -> dict[str, float]:
    """One fresh process: seconds, KiB of memory it grew by, and whether the SDK was loaded."""
    environment = {**os.environ, **SETTINGS, "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": caches}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", MEASURE.format(case=CASES[case])]
    done = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def main() -> None:
    """Measure every case `RUNS` times in turn and print the table."""
    with tempfile.TemporaryDirectory() as caches:
        for case in CASES:
            measure(case, caches)  # a deployed app has its bytecode
        runs = [{case: measure(case, caches) for case in CASES} for _ in range(RUNS)]
    naive = _median(runs, "naive")
    print(f"median of {RUNS} runs in turn; ratios to the naive app\n")
    print(f"{'case':8}{'seconds':>9}{'ratio':>8}{'goal':>7}{'MiB':>9}{'ratio':>8}   azure.ai.ml loaded")
    for case in CASES:
        seconds, mib, sdk = _median(runs, case)
        goal = GOALS.get(case, "")
        ratios = f"{seconds / naive[0]:8.2f}{goal:>7}{mib:9.0f}{mib / naive[1]:8.2f}"
        print(f"{case:8}{seconds:9.3f}{ratios}   {'yes' if sdk else 'no'}")


def _median(runs: list[dict[str, dict[str, float]]], case: str) -> tuple[float, float, bool]:
    seconds = statistics.median(run[case]["seconds"] for run in runs)
    return seconds, statistics.median(run[case]["kib"] for run in runs) / 1024, bool(runs[0][case]["sdk"])


if __name__ == "__main__":
    main()
