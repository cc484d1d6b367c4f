"""One file per official release: reads it, yields records, nothing else."""
