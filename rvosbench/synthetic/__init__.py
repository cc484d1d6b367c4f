"""Releases made of scenes that need language to solve, in the layouts of the official ones."""

from rvosbench.synthetic.language import KINDS, grammar_sentences, kind_of
from rvosbench.synthetic.write import LAYOUTS, write

__all__ = ["KINDS", "LAYOUTS", "grammar_sentences", "kind_of", "write"]
