"""What people look at: leaderboards, figures and one page per run. Reads scores, never makes them."""
