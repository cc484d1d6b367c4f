"""The store: one official release as Parquet tables, readable without us. docs/format.md describes it."""

from rvosbench.store.problems import ReleaseProblem
from rvosbench.store.reader import Store, open_store
from rvosbench.store.schema import FORMAT_VERSION, SCHEMAS
from rvosbench.store.writer import StoreWriter

__all__ = ["FORMAT_VERSION", "SCHEMAS", "ReleaseProblem", "Store", "StoreWriter", "open_store"]
