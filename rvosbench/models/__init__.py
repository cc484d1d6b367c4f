"""Models behind one contract: answer expressions about a clip."""
