"""A plugin for a Python that torch is not installed on: what needs torch is skipped, the rest must pass.

`pytest -p tests.without_torch`. What needs torch is not listed but noticed: importing it is what fails.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

import pytest

HEAVY = ("accelerate", "torch", "transformers")
_MISSING = re.compile(rf"No module named '(?:{'|'.join(HEAVY)})[.']")
_DOCTOR = re.compile(r": rvos doctor\b.*\nexit 1\n")  # as tests/docs/reader.py tells it; the doctor is right


def is_for_torch(error: BaseException | None) -> bool:
    """Whether an error, or what it was raised from, is that one of these packages is not installed."""
    if _DOCTOR.search(str(error)):
        return True
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] in HEAVY:
            return True
        error = error.__cause__ or error.__context__
    return False


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Skip a test module whose imports need torch."""
    report = yield
    if report.failed and _MISSING.search(str(report.longrepr)):
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, "needs torch")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, pytest.TestReport]:
    """Skip a test in which torch is asked for later."""
    report: pytest.TestReport = yield
    if report.failed and call.excinfo is not None and is_for_torch(call.excinfo.value):
        report.outcome = "skipped"
        report.longrepr = (str(item.path), item.location[1] or 0, "needs torch")
    return report
