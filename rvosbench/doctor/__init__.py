"""Whether this installation, this machine and this workspace can do the work: one line per answer."""

from rvosbench.doctor.check import Check
from rvosbench.doctor.examine import examine

__all__ = ["Check", "examine"]
