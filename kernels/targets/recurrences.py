"""Recurrent steps on the CPU in float32: what is done beside the product, by passes of `kernels.targets.gate_code`.

Measured for 128 units and a batch of 32, on one core with AVX-512 (Emerald Rapids, its other thread busy):
µs per step of time of the product alone, and of all; in brackets as it was when the passes themselves asked for the
arrays of all steps, and had the gates one after the other.

    RNN     6.4    forward  8.7 ( 9.0)    back  9.0 (10.0)
    LSTM   26.2            37   (37.5)         33   (38)
    GRU    19.7            26.5 (27)           29   (32.5)

What is left on the way forward are exponentials, and on the way back lines that come from the second-level cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import kernels.targets.softmax_code
import kernels.targets.step_products  # noqa: F401 - they give devices their bodies
from kernels import gru, lstm, rnn
from kernels.targets.gate_code import row_pass
from kernels.targets.linked import linked
from kernels.targets.vector_code import ITEM

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
_GRU_BACK = "gates candidates before d_states d_h back d_rows d_products d_candidate_bias d_sums"
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
                H, T, sums.ctypes.data + own, x, bias.ctypes.data, place, before.ctypes.data + at,
                states.ctypes.data + at,
            )  # fmt: skip
        else:
            _tanh(
                H, T, sums.ctypes.data + own, x, bias.ctypes.data, place, before.ctypes.data + at,
                states.ctypes.data + at,
            )  # fmt: skip
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
            _relu_back_to_states(H, T, y, arriving, place, came, result, product)
        elif rectified:
            _relu_back(H, T, y, arriving, place, came, result, product)
        elif to_states:
            _tanh_back_to_states(H, T, y, arriving, place, came, result, product)
        else:
            _tanh_back(H, T, y, arriving, place, came, result, product)


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
            H, T, sums.ctypes.data + 4 * own, rows.ctypes.data + 4 * r * H * ITEM, bias.ctypes.data,
            h.ctypes.data + own, c.ctypes.data + own, before.ctypes.data + at, cells.ctypes.data + at,
            squashed.ctypes.data + at, gates.ctypes.data + 4 * at, states.ctypes.data + at,
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
            _lstm_back_to_states(H, T, gate, cell, y, arriving, place, came, inner, result, product)
        else:
            _lstm_back(H, T, gate, cell, y, arriving, place, came, inner, result, product)


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
            H, T, sums.ctypes.data + 3 * own, rows.ctypes.data + 3 * r * H * ITEM, bias.ctypes.data,
            candidate_bias.ctypes.data, h.ctypes.data + own, before.ctypes.data + at, gates.ctypes.data + 3 * at,
            candidates.ctypes.data + at, states.ctypes.data + at,
        )  # fmt: skip
        if mask[b, t] == np.float32(0):
            for j in range(H):
                h[b, j] = before[b, t, j]
                states[b, t, j] = before[b, t, j]


@gru.gru_step_back.on("cpu", "float32")
def _gru_step_back(
    t, gates, candidates, before, mask, d_states, d_h, back, d_rows, d_products, d_candidate_bias, d_sums, to_states,
    thread, threads,
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
        bias, product = d_candidate_bias.ctypes.data, d_sums.ctypes.data + 3 * own
        if to_states:
            _gru_back_to_states(H, T, gate, inner, state, arriving, place, came, result, further, bias, product)
        else:
            _gru_back(H, T, gate, inner, state, arriving, place, came, result, further, bias, product)
