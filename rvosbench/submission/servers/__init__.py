"""Zips for the public servers: written, and checked before they are uploaded.

The layouts stand in `SERVERS`, each with where it was read and what about it is not known.
"""

from rvosbench.submission.servers.check import check_submission, layout_of_zip
from rvosbench.submission.servers.faults import Fault
from rvosbench.submission.servers.server import Layout, Server
from rvosbench.submission.servers.table import SERVERS, find_server, server_of_dataset
from rvosbench.submission.servers.writing import Submission, plan_submission, write_submission

__all__ = [
    "SERVERS",
    "Fault",
    "Layout",
    "Server",
    "Submission",
    "check_submission",
    "find_server",
    "layout_of_zip",
    "plan_submission",
    "server_of_dataset",
    "write_submission",
]
