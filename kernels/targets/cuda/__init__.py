"""The CUDA target: the same kernels on a GPU, in three ways.

`block_launches`: a thread group for each replica, which walks the plan's rows by itself; hundreds train in one launch,
                  of an interpreter that all networks share, or of `specialized_kernels`, made for the plans of one.
`grid_launches`:  the whole GPU for one replica, a launch for each row, captured once as a graph and replayed; rows that
                  come again, once for all rounds. `row_kernels` has the code for a row.

`compiler` is the only module that knows numba's CUDA compiler, `driver` the only one that knows the driver's functions.
"""
