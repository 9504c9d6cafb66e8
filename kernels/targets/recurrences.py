"""Recurrent steps on the CPU in float32: the passes of `kernels.targets.gate_code`, and products of one row.

Measured for 128 units and a batch of 32, on one core with AVX-512 (Zen 4, 111 GFLOP/s at most): µs per step of time at
the limit of its product, as it is, and as it was with loops of a compiler for what is done beside the product.

    RNN     9.4    forward 10.5, before 14.7    back 10.8, before 16.5
    LSTM   37.8            48.5         59.5         50.5         69.8
    GRU    28.3            33.9         50.9         36.2         63.7

What is left on the way back are arrays of all steps, 10 MB for 50 steps of a GRU, which come from the
third-level cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from kernels import gru, lstm, rnn
from kernels.matrix import product_by_rows
from kernels.recurrence import step_product, step_product_back, transpose_for_steps
from kernels.targets.gate_code import row_pass
from kernels.targets.linked import linked
from kernels.targets.micro_kernel import transpose_square, workplace
from kernels.targets.tile_code import ARGUMENTS, tile_code
from kernels.targets.vector_code import ITEM, LANES, PLACE, PLACES, WORD, new_function
from kernels.targets.views import intrinsic, numbers_at

WIDEST = 8
"""Vectors of a product of one row that are summed up at the same time: each sum waits for the one before it."""

_zeros_place = workplace(WIDEST * LANES * ITEM)

_tanh, _relu = (row_pass("rnn", "sums x bias h before states", rectified=each) for each in (False, True))
_lstm = row_pass("lstm", "sums x bias h cell before cells squashed gates states")
_gru = row_pass("gru", "sums x bias candidate_bias h before gates candidates states")

_BACK = "states d_states d_h back d_rows d_sums"
_tanh_back, _tanh_back_to_states = (
    row_pass("rnn_back", _BACK, rectified=False, to_states=each) for each in (False, True)
)
_relu_back, _relu_back_to_states = (
    row_pass("rnn_back", _BACK, rectified=True, to_states=each) for each in (False, True)
)
_LSTM_BACK = "gates cells squashed d_states d_h back d_c d_rows d_sums"
_lstm_back, _lstm_back_to_states = (row_pass("lstm_back", _LSTM_BACK, to_states=each) for each in (False, True))
_GRU_BACK = "gates candidates before d_states d_h back d_rows d_products d_sums"
_gru_back, _gru_back_to_states = (row_pass("gru_back", _GRU_BACK, to_states=each) for each in (False, True))


@rnn.rnn_step.on("cpu", "float32")
def _rnn_step(t, rows, symbols, mask, bias, sums, states, h, before, looked_up, rectified, thread, threads):
    B, T = mask.shape
    H = h.shape[1]
    for b in range(B):
        r = int(symbols[b, t]) if looked_up else b * T + t
        at, own = (b * T + t) * H * ITEM, b * H * ITEM
        x, place = rows.ctypes.data + r * H * ITEM, h.ctypes.data + own
        if rectified:
            _relu(
                H, sums.ctypes.data + own, x, bias.ctypes.data, place, before.ctypes.data + at, states.ctypes.data + at
            )
        else:
            _tanh(
                H, sums.ctypes.data + own, x, bias.ctypes.data, place, before.ctypes.data + at, states.ctypes.data + at
            )
        if mask[b, t] == np.float32(0):
            for j in range(H):
                h[b, j] = before[b, t, j]
                states[b, t, j] = before[b, t, j]


@rnn.rnn_step_back.on("cpu", "float32")
def _rnn_step_back(t, states, mask, d_states, d_h, back, d_rows, d_sums, rectified, to_states, thread, threads):
    B, T = mask.shape
    H = d_h.shape[1]
    for b in range(B):
        if mask[b, t] == np.float32(0):
            _passing_by(b, t, d_states, d_h, back, to_states)
            for j in range(H):
                d_sums[b, j] = np.float32(0)
                d_rows[b, t, j] = np.float32(0)
            continue
        at, own = (b * T + t) * H * ITEM, b * H * ITEM
        y, arriving, result = states.ctypes.data + at, d_states.ctypes.data + at, d_rows.ctypes.data + at
        place, came, product = d_h.ctypes.data + own, back.ctypes.data + own, d_sums.ctypes.data + own
        if rectified and to_states:
            _relu_back_to_states(H, y, arriving, place, came, result, product)
        elif rectified:
            _relu_back(H, y, arriving, place, came, result, product)
        elif to_states:
            _tanh_back_to_states(H, y, arriving, place, came, result, product)
        else:
            _tanh_back(H, y, arriving, place, came, result, product)


@linked
def _passing_by(b: Any, t: Any, d_states: Any, d_h: Any, back: Any, to_states: Any) -> None:
    """Add up the gradient of a state that stayed as it was."""
    for j in range(d_h.shape[1]):
        d_h[b, j] += back[b, j]
    if to_states:
        for j in range(d_h.shape[1]):
            d_h[b, j] += d_states[b, t, j]


@lstm.lstm_step.on("cpu", "float32")
def _lstm_step(
    t, rows, symbols, mask, bias, sums, states, h, c, before, cells, squashed, gates, looked_up, thread, threads
):  # fmt: skip
    B, T = mask.shape
    H = h.shape[1]
    for b in range(B):
        r = int(symbols[b, t]) if looked_up else b * T + t
        at, own = (b * T + t) * H * ITEM, b * H * ITEM
        _lstm(
            H, sums.ctypes.data + 4 * own, rows.ctypes.data + 4 * r * H * ITEM, bias.ctypes.data, h.ctypes.data + own,
            c.ctypes.data + own, before.ctypes.data + at, cells.ctypes.data + at, squashed.ctypes.data + at,
            gates.ctypes.data + 4 * at, states.ctypes.data + at,
        )  # fmt: skip
        if mask[b, t] == np.float32(0):
            for j in range(H):
                h[b, j] = before[b, t, j]
                states[b, t, j] = before[b, t, j]
                c[b, j] = cells[b, t, j]
                squashed[b, t, j] = np.float32(0)


@lstm.lstm_step_back.on("cpu", "float32")
def _lstm_step_back(
    t, gates, cells, squashed, mask, d_states, d_h, back, d_c, d_rows, d_sums, to_states, thread, threads
):  # fmt: skip
    B, T = mask.shape
    H = d_h.shape[1]
    for b in range(B):
        if mask[b, t] == np.float32(0):
            _passing_by(b, t, d_states, d_h, back, to_states)
            for j in range(4 * H):
                d_sums[b, j] = np.float32(0)
                d_rows[b, t, j] = np.float32(0)
            continue
        at, own = (b * T + t) * H * ITEM, b * H * ITEM
        gate, cell, y = gates.ctypes.data + 4 * at, cells.ctypes.data + at, squashed.ctypes.data + at
        arriving, place, came = d_states.ctypes.data + at, d_h.ctypes.data + own, back.ctypes.data + own
        inner, result, product = d_c.ctypes.data + own, d_rows.ctypes.data + 4 * at, d_sums.ctypes.data + 4 * own
        if to_states:
            _lstm_back_to_states(H, gate, cell, y, arriving, place, came, inner, result, product)
        else:
            _lstm_back(H, gate, cell, y, arriving, place, came, inner, result, product)


@gru.gru_step.on("cpu", "float32")
def _gru_step(
    t, rows, symbols, mask, bias, candidate_bias, sums, states, h, before, gates, candidates, looked_up, thread, threads
):  # fmt: skip
    B, T = mask.shape
    H = h.shape[1]
    for b in range(B):
        r = int(symbols[b, t]) if looked_up else b * T + t
        at, own = (b * T + t) * H * ITEM, b * H * ITEM
        _gru(
            H, sums.ctypes.data + 3 * own, rows.ctypes.data + 3 * r * H * ITEM, bias.ctypes.data,
            candidate_bias.ctypes.data, h.ctypes.data + own, before.ctypes.data + at, gates.ctypes.data + 3 * at,
            candidates.ctypes.data + at, states.ctypes.data + at,
        )  # fmt: skip
        if mask[b, t] == np.float32(0):
            for j in range(H):
                h[b, j] = before[b, t, j]
                states[b, t, j] = before[b, t, j]


@gru.gru_step_back.on("cpu", "float32")
def _gru_step_back(
    t, gates, candidates, before, mask, d_states, d_h, back, d_rows, d_products, d_sums, to_states, thread, threads
):  # fmt: skip
    B, T = mask.shape
    H = d_h.shape[1]
    for b in range(B):
        if mask[b, t] == np.float32(0):
            _passing_by(b, t, d_states, d_h, back, to_states)
            for j in range(3 * H):
                d_sums[b, j] = np.float32(0)
                d_rows[b, t, j] = np.float32(0)
                d_products[b, t, j] = np.float32(0)
            continue
        at, own = (b * T + t) * H * ITEM, b * H * ITEM
        gate, inner, state = gates.ctypes.data + 3 * at, candidates.ctypes.data + at, before.ctypes.data + at
        arriving, place, came = d_states.ctypes.data + at, d_h.ctypes.data + own, back.ctypes.data + own
        result, further = d_rows.ctypes.data + 3 * at, d_products.ctypes.data + 3 * at
        product = d_sums.ctypes.data + 3 * own
        if to_states:
            _gru_back_to_states(H, gate, inner, state, arriving, place, came, result, further, product)
        else:
            _gru_back(H, gate, inner, state, arriving, place, came, result, further, product)


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
