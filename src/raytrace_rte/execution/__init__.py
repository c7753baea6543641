"""Who does the work, in which order, and what is kept of it."""
