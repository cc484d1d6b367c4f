"""How well masks agree, by the conventions of the reference evaluators. docs/metrics.md states each."""

from rvosbench.metrics.boundary import boundary_measure
from rvosbench.metrics.pairs import PairScores, measure_pairs, score_pairs
from rvosbench.metrics.region import region_similarity

__all__ = ["PairScores", "boundary_measure", "measure_pairs", "region_similarity", "score_pairs"]
