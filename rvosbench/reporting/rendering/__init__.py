"""Tables for people: one model of a table, and a renderer for each place that it goes to."""
