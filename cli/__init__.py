"""The command line: one file per command; installed as `rvosbench_cli`, the script is `rvos`."""
