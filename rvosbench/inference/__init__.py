"""A model's answers: over a store (predict), over anybody's video (segment)."""
