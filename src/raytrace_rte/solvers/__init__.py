"""How questions are answered: rays, reflecting surfaces, whole volumes."""
