"""What fills the grid: the gas state, what it does to light, and the models between them."""
