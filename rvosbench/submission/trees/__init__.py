"""Files by name, wherever they lie: in a folder, in a zip or tar archive, in an archive in another.

Nothing is extracted, so no name leads anywhere; what an archive claims is checked before it is believed.
"""

from rvosbench.submission.trees.one_file import OneFile
from rvosbench.submission.trees.open import open_tree
from rvosbench.submission.trees.tree import Name, Tree, is_archive, is_junk, suffix_of

__all__ = ["Name", "OneFile", "Tree", "is_archive", "is_junk", "open_tree", "suffix_of"]
