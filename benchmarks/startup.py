"""How long `rvos --help` and a press of the tab key take, against a Python that only imports click.

Run: python benchmarks/startup.py
Prints the median of 15 runs of each, in one process after the other, and their ratio.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time

RUNS = 15
COMPLETION = "rvos predict <tab>"
CLICK = "python -c 'import click'"
COMMANDS = {
    "python -c 'pass'": [sys.executable, "-c", "pass"],
    CLICK: [sys.executable, "-c", "import click"],
    "rvos --help": [sys.executable, "-c", "from rvosbench_cli.main import main; main(['--help'])"],
    COMPLETION: [sys.executable, "-c", "from rvosbench_cli.main import main; main()"],
    "import rvosbench.evaluation.evaluate": [sys.executable, "-c", "import rvosbench.evaluation.evaluate"],
}

TAB = {"_RVOS_COMPLETE": "bash_complete", "COMP_WORDS": "rvos predict ", "COMP_CWORD": "2"}
"""What bash asks at a press of the tab key."""


def seconds(name: str) -> float:
    environment = os.environ | (TAB if name == COMPLETION else {})
    start = time.perf_counter()
    subprocess.run(COMMANDS[name], check=True, stdout=subprocess.DEVNULL, env=environment)
    return time.perf_counter() - start


def main() -> None:
    medians = {name: statistics.median(seconds(name) for _ in range(RUNS)) for name in COMMANDS}
    print(f"Python {platform.python_version()}, {platform.machine()}, median of {RUNS} runs")
    for name, value in medians.items():
        print(f"{name:28} {value * 1000:6.0f} ms")
    help_s = medians["rvos --help"]
    print(f"rvos --help / import click   {help_s / medians[CLICK]:6.2f}")
    print(f"rvos --help < 400 ms         {'yes' if help_s < 0.4 else 'NO'}")
    print(f"{COMPLETION} < 500 ms   {'yes' if medians[COMPLETION] < 0.5 else 'NO'}")


if __name__ == "__main__":
    main()
