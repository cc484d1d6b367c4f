"""Training: recipes, the order of samples, states to resume from, and the loop."""
