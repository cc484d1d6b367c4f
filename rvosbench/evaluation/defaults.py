"""The protocol that belongs to a dataset; also below evaluation, because a run chooses by it what to show."""

from rvosbench.plugins.defaults import default_protocol

__all__ = ["default_protocol"]
