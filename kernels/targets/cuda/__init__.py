"""The CUDA target: the same kernels on a GPU, in two ways.

`fleet`: a block of threads for each replica, which walks the plan's rows by itself; hundreds train in one launch.
`grid`:  the whole GPU for one replica, a launch for each row, captured once as a graph and replayed.

`compiler` is the only module that knows numba's CUDA compiler, `driver` the only one that knows the driver's functions.
"""
