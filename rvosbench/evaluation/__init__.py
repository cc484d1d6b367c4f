"""Store + predictions -> scores, under a named protocol."""
