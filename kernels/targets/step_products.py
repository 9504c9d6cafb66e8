"""Products of recurrent steps on the CPU in float32: of one row, and those that fetch what a step walks through."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from kernels import gru, lstm, rnn
from kernels.matrix import product_by_rows
from kernels.recurrence import step_product, step_product_back, transpose_for_steps
from kernels.targets.fetching_products import (
    multiplied_fetching,
    nothing_to_fetch,
    rows_to_fetch,
    step_to_fetch,
    table_place,
)  # fmt: skip
from kernels.targets.micro_kernel import transpose_square, workplace
from kernels.targets.tile_code import ARGUMENTS, tile_code
from kernels.targets.vector_code import ITEM, LANES, PLACE, PLACES, WORD, new_function
from kernels.targets.views import intrinsic, numbers_at

WIDEST = 8
"""Vectors of a product of one row that are summed up at the same time: each sum waits for the one before it."""

_zeros_place = workplace(WIDEST * LANES * ITEM)


def _row_product_code(module: ir.Module) -> ir.Function:
    """The function for a product of one row: eight vectors of it at a time, of which the last one is masked."""
    name = "row_product"
    if function := module.globals.get(name):
        return function
    function = new_function(module, name, ("steps", "a", "b", "b_step", "begin", "c", "columns"))
    steps, a, b, b_step, begin, c, columns = function.args
    tiles = [tile_code(module, 1, vectors, masked=True) for vectors in range(1, WIDEST + 1)]
    builder = ir.IRBuilder(function.append_basic_block())
    behind = function.append_basic_block()
    vectors = builder.udiv(builder.add(columns, WORD(LANES - 1)), WORD(LANES))
    chosen = builder.switch(vectors, behind)
    none = WORD(0).inttoptr(PLACE)
    for count, tile in enumerate(tiles, 1):
        inside = ir.IRBuilder(function.append_basic_block())
        given = {
            "steps": steps, "a": a, "a_step": WORD(ITEM), "b": b, "b_step": b_step, "begin": begin, "c": c,
            "columns": columns,
        }  # fmt: skip
        inside.call(tile, [given.get(word, none if word in PLACES else WORD(0)) for word in ARGUMENTS])
        inside.branch(behind)
        chosen.add_case(WORD(count), inside.block)
    ir.IRBuilder(behind).ret_void()
    return function


@intrinsic
def _row_product(typing, steps, a, b, b_step, begin, c, columns):
    """c = begin + a b for one row of up to `WIDEST` vectors."""

    def generate(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        words = ("steps", "a", "b", "b_step", "begin", "c", "columns")
        given = [
            builder.inttoptr(each, PLACE) if word in PLACES else each
            for word, each in zip(words, arguments, strict=True)
        ]
        builder.call(_row_product_code(builder.module), given)
        return context.get_dummy_value()

    return types.void(*[types.intp] * 7), generate


@step_product.on("cpu", "float32")
def _step_product(state, weight, sums, thread, threads):
    if state.shape[0] > 1:
        product_by_rows(state, weight, sums)
        return
    # One example: a library would take longer to be called than to multiply.
    H, G = weight.shape
    zeros = _zeros_place()
    nothing = numbers_at(zeros, WIDEST * LANES)
    for c in range(WIDEST * LANES):
        nothing[c] = np.float32(0)
    for first in range(0, G, WIDEST * LANES):
        place = first * ITEM
        _row_product(
            H, state.ctypes.data, weight.ctypes.data + place, G * ITEM, zeros, sums.ctypes.data + place,
            min(WIDEST * LANES, G - first),
        )  # fmt: skip


@step_product_back.on("cpu", "float32")
def _step_product_back(d_sums, weight, transposed, d_state, thread, threads):
    step_product(d_sums, transposed, d_state, thread, threads)


@transpose_for_steps.on("cpu", "float32")
def _transpose_for_steps(weight, transposed, thread, threads):
    H, G = weight.shape
    rows, columns = H // LANES * LANES, G // LANES * LANES
    for k in range(0, rows, LANES):
        for c in range(0, columns, LANES):
            transpose_square(
                weight.ctypes.data + (k * G + c) * ITEM, G * ITEM, transposed.ctypes.data + (c * H + k) * ITEM, H * ITEM
            )
    for k in range(H):
        for c in range(columns if k < rows else 0, G):
            transposed[c, k] = weight[k, c]


@rnn.rnn_product.on("cpu", "float32")
def _rnn_product(t, h, weight, sums, rows, states, before, looked_up, thread, threads):
    table = table_place()
    nothing_to_fetch(table)
    step_to_fetch(table, states, t)
    step_to_fetch(table, before, t)
    if not looked_up:
        rows_to_fetch(table, rows, states, t)
    if not multiplied_fetching(h, weight, sums, table):
        step_product(h, weight, sums, thread, threads)


@rnn.rnn_product_back.on("cpu", "float32")
def _rnn_product_back(t, d_sums, weight, transposed, back, states, d_states, d_rows, to_states, thread, threads):
    table = table_place()
    nothing_to_fetch(table)
    if t > 0:
        step_to_fetch(table, states, t - 1)
        step_to_fetch(table, d_rows, t - 1)
        if to_states:
            step_to_fetch(table, d_states, t - 1)
    if not multiplied_fetching(d_sums, transposed, back, table):
        step_product_back(d_sums, weight, transposed, back, thread, threads)


@lstm.lstm_product.on("cpu", "float32")
def _lstm_product(t, h, weight, sums, rows, states, before, cells, squashed, gates, looked_up, thread, threads):
    table = table_place()
    nothing_to_fetch(table)
    step_to_fetch(table, states, t)
    step_to_fetch(table, before, t)
    step_to_fetch(table, cells, t)
    step_to_fetch(table, squashed, t)
    step_to_fetch(table, gates, t)
    if not looked_up:
        rows_to_fetch(table, rows, states, t)
    if not multiplied_fetching(h, weight, sums, table):
        step_product(h, weight, sums, thread, threads)


@lstm.lstm_product_back.on("cpu", "float32")
def _lstm_product_back(
    t, d_sums, weight, transposed, back, gates, cells, squashed, d_states, d_rows, to_states, thread, threads
):  # fmt: skip
    table = table_place()
    nothing_to_fetch(table)
    if t > 0:
        step_to_fetch(table, gates, t - 1)
        step_to_fetch(table, cells, t - 1)
        step_to_fetch(table, squashed, t - 1)
        step_to_fetch(table, d_rows, t - 1)
        if to_states:
            step_to_fetch(table, d_states, t - 1)
    if not multiplied_fetching(d_sums, transposed, back, table):
        step_product_back(d_sums, weight, transposed, back, thread, threads)


@gru.gru_product.on("cpu", "float32")
def _gru_product(t, h, weight, sums, rows, states, before, gates, candidates, looked_up, thread, threads):
    table = table_place()
    nothing_to_fetch(table)
    step_to_fetch(table, states, t)
    step_to_fetch(table, before, t)
    step_to_fetch(table, gates, t)
    step_to_fetch(table, candidates, t)
    if not looked_up:
        rows_to_fetch(table, rows, states, t)
    if not multiplied_fetching(h, weight, sums, table):
        step_product(h, weight, sums, thread, threads)


@gru.gru_product_back.on("cpu", "float32")
def _gru_product_back(
    t, d_sums, weight, transposed, back, gates, candidates, before, d_states, d_rows, d_products, to_states,
    thread, threads,
):  # fmt: skip
    table = table_place()
    nothing_to_fetch(table)
    if t > 0:
        step_to_fetch(table, gates, t - 1)
        step_to_fetch(table, candidates, t - 1)
        step_to_fetch(table, before, t - 1)
        step_to_fetch(table, d_rows, t - 1)
        step_to_fetch(table, d_products, t - 1)
        if to_states:
            step_to_fetch(table, d_states, t - 1)
    if not multiplied_fetching(d_sums, transposed, back, table):
        step_product_back(d_sums, weight, transposed, back, thread, threads)
