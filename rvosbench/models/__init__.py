"""Models behind one contract: answer sentences about a clip."""
