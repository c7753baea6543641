"""The compiled world: numpy, numba, math and the grid's NamedTuple; nothing else."""
