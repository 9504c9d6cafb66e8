"""Every numerical kernel of the lab, written once for the CPU, CUDA and plain Python; knows nothing of `lab`.

`kernels.language` explains how a kernel is declared; `kernels.targets` turns a plan of kernel calls into something that
runs. Importing this package compiles nothing and does not import numba.
"""
