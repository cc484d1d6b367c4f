"""What went wrong, and how sure we are: bootstrap intervals, comparisons, slices."""
