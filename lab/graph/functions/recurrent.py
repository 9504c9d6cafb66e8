"""Recurrent layers over whole sequences, one call each: the simple recurrent network, LSTM, GRU.

Inputs are dense, [batch, time, features], or symbols, [batch, time], for which rows of the input weights are looked up.
Everything but the loop over time is products of matrices over all times at once.
"""

from __future__ import annotations

import numpy as np

from kernels import gru as gru_kernels
from kernels import lstm as lstm_kernels
from kernels import rnn as rnn_kernels
from kernels.embedding import embedding_gradient
from kernels.matrix import dense_parameter_gradients, matmul_transposed_left
from kernels.reductions import sum_columns
from lab.graph.functions.dense import matmul
from lab.graph.gradients import Gradients, gradient_of
from lab.graph.scopes import label_prefix
from lab.graph.shapes import ShapeError
from lab.graph.tensor import Call, Tensor, apply, call, constant

__all__ = ["gru", "lstm", "rnn"]


def rnn(
    x: Tensor,
    input_weight: Tensor,
    weight: Tensor,
    bias: Tensor,
    h: Tensor | None = None,
    mask: Tensor | None = None,
    *,
    rectified: bool = False,
) -> tuple[Tensor, Tensor]:
    """Return (states, last state) of h = tanh(x input_weight + h weight + bias), or with ReLU if `rectified`.

    x is [batch, time, features] or symbols [batch, time], which have no gradient; input_weight [features or symbols,
    units], weight [units, units], bias [units]. h [batch, units] is the first state, 0 by default. mask [batch, time]
    is 1 where a sequence goes on; where it is 0 the state stays as it is. It has no gradient.
    states are [batch, time, units], the last state is [batch, units].
    """
    rows, symbols, kept, batch = _entered(x, input_weight, mask)
    looked_up = int(len(x.shape) == 2)
    first = _begun(h, batch, weight.shape[0])
    made = call(
        rnn_kernels.rnn, rows, symbols, kept, weight, bias, first, looked_up=looked_up, rectified=int(rectified)
    )
    return made.results[0], made.results[1]


@gradient_of(rnn_kernels.rnn)
def _rnn_gradient(forward: Call, d_states: Tensor | None, d_last: Tensor | None, *others: Tensor | None) -> Gradients:
    _refuse(others)
    rows, symbols, mask, weight, _, _ = forward.reads
    states, last, before, _ = forward.results
    found = call(
        rnn_kernels.rnn_gradient,
        states,
        mask,
        weight,
        states if d_states is None else d_states,
        last if d_last is None else d_last,
        rectified=forward.integers["rectified"],
        to_states=int(d_states is not None),
        to_last=int(d_last is not None),
    )
    d_rows, d_h = found.results[:2]
    d_table, d_weight, d_bias = _of_parameters(forward, rows, symbols, before, d_rows)
    return d_table, None, None, d_weight, d_bias, d_h


def lstm(
    x: Tensor,
    input_weight: Tensor,
    weight: Tensor,
    bias: Tensor,
    h: Tensor | None = None,
    c: Tensor | None = None,
    mask: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return (states, last state, last cell) of an LSTM (Hochreiter and Schmidhuber 1997; Gers et al. 2000).

    Its gates are i, f, o and g of x input_weight + h weight + bias; c = f c + i g and h = o tanh(c).
    x is [batch, time, features] or symbols [batch, time], which have no gradient; input_weight [features or symbols,
    4 units], weight [units, 4 units], bias [4 units]. h and c [batch, units] are state and cell at first, 0 by default.
    mask [batch, time] is 1 where a sequence goes on; where it is 0 both stay as they are. It has no gradient.
    states are [batch, time, units], the last state and cell are [batch, units].
    """
    return lstm_and_gates(x, input_weight, weight, bias, h, c, mask)[:3]


def lstm_and_gates(
    x: Tensor,
    input_weight: Tensor,
    weight: Tensor,
    bias: Tensor,
    h: Tensor | None = None,
    c: Tensor | None = None,
    mask: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return what `lstm` does, and to be looked at the gates i, f, o, g side by side at each step, [batch, time,
    4 units], and tanh(c) behind each step, [batch, time, units], which is 0 where `mask` is."""
    rows, symbols, kept, batch = _entered(x, input_weight, mask)
    units = weight.shape[0]
    made = call(
        lstm_kernels.lstm,
        rows,
        symbols,
        kept,
        weight,
        bias,
        _begun(h, batch, units),
        _begun(c, batch, units),
        looked_up=int(len(x.shape) == 2),
    )
    return made.results[0], made.results[1], made.results[2], made.results[6], made.results[5]


@gradient_of(lstm_kernels.lstm)
def _lstm_gradient(
    forward: Call, d_states: Tensor | None, d_last: Tensor | None, d_cell: Tensor | None, *others: Tensor | None
) -> Gradients:
    _refuse(others)
    rows, symbols, mask, weight, *_ = forward.reads
    states, last, cell, before, cells, squashed, gates, _ = forward.results
    found = call(
        lstm_kernels.lstm_gradient,
        gates,
        cells,
        squashed,
        mask,
        weight,
        states if d_states is None else d_states,
        last if d_last is None else d_last,
        cell if d_cell is None else d_cell,
        to_states=int(d_states is not None),
        to_last=int(d_last is not None),
        to_cell=int(d_cell is not None),
    )
    d_rows, d_h, d_c = found.results[:3]
    d_table, d_weight, d_bias = _of_parameters(forward, rows, symbols, before, d_rows)
    return d_table, None, None, d_weight, d_bias, d_h, d_c


def gru(
    x: Tensor,
    input_weight: Tensor,
    weight: Tensor,
    bias: Tensor,
    candidate_bias: Tensor,
    h: Tensor | None = None,
    mask: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Return (states, last state) of gated recurrent units (Cho et al. 2014), the reset gate behind the product.

    r, z = σ(x input_weight + h weight + bias), n = tanh(x input_weight + bias + r (h weight + candidate_bias)), and
    h = (1 - z) n + z h.
    x is [batch, time, features] or symbols [batch, time], which have no gradient; input_weight [features or symbols,
    3 units], weight [units, 3 units], bias [3 units], candidate_bias [units]. h [batch, units] is the first state, 0 by
    default. mask [batch, time] is 1 where a sequence goes on; where it is 0 the state stays as it is. It has no
    gradient. states are [batch, time, units], the last state is [batch, units].
    """
    return gru_and_gates(x, input_weight, weight, bias, candidate_bias, h, mask)[:2]


def gru_and_gates(
    x: Tensor,
    input_weight: Tensor,
    weight: Tensor,
    bias: Tensor,
    candidate_bias: Tensor,
    h: Tensor | None = None,
    mask: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return what `gru` does, and r, z, n side by side at each step, [batch, time, 3 units], to be looked at."""
    rows, symbols, kept, batch = _entered(x, input_weight, mask)
    first = _begun(h, batch, weight.shape[0])
    made = call(
        gru_kernels.gru,
        rows,
        symbols,
        kept,
        weight,
        bias,
        candidate_bias,
        first,
        looked_up=int(len(x.shape) == 2),
    )
    return made.results[0], made.results[1], made.results[3]


@gradient_of(gru_kernels.gru)
def _gru_gradient(forward: Call, d_states: Tensor | None, d_last: Tensor | None, *others: Tensor | None) -> Gradients:
    _refuse(others)
    rows, symbols, mask, weight, *_ = forward.reads
    states, last, before, gates, candidates, _ = forward.results
    found = call(
        gru_kernels.gru_gradient,
        gates,
        candidates,
        before,
        mask,
        weight,
        states if d_states is None else d_states,
        last if d_last is None else d_last,
        to_states=int(d_states is not None),
        to_last=int(d_last is not None),
    )
    d_rows, d_products, d_candidate_bias, d_h = found.results[:4]
    d_weight = call(matmul_transposed_left, before, d_products).result
    d_table = _to_rows(forward, rows, symbols, d_rows)
    d_bias = apply(sum_columns, d_table if _are_few(forward, rows) else d_rows)
    return d_table, None, None, d_weight, d_bias, d_candidate_bias, d_h


def _entered(x: Tensor, input_weight: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor, int]:
    """What the inputs add, where it is looked up, the mask, and how many sequences there are."""
    if len(x.shape) not in (2, 3):
        raise ShapeError(
            f"{label_prefix()}a recurrent layer takes sequences [batch, time, features], or symbols [batch, time], not "
            f"{list(x.shape)}."
        )
    batch, time = x.shape[:2]
    kept = constant(np.ones((batch, time)), "mask") if mask is None else mask
    if len(x.shape) == 2:
        return input_weight, x, kept, batch
    return matmul(x, input_weight), constant(np.zeros((batch, time)), "symbols"), kept, batch


def _begun(state: Tensor | None, batch: int, units: int) -> Tensor:
    return constant(np.zeros((batch, units)), "first state") if state is None else state


def _to_rows(forward: Call, rows: Tensor, symbols: Tensor, d_rows: Tensor) -> Tensor:
    """The gradient of what the inputs add: of a table, the sum of those of each symbol."""
    if forward.integers["looked_up"]:
        return call(embedding_gradient, symbols, d_rows, shapes=[rows.shape]).result
    return d_rows.reshape(*rows.shape)


def _of_parameters(
    forward: Call, rows: Tensor, symbols: Tensor, before: Tensor, d_rows: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of what the inputs add, of the recurrent weights and of the bias."""
    d_table = _to_rows(forward, rows, symbols, d_rows)
    if not _are_few(forward, rows):
        d_weight, d_bias = call(dense_parameter_gradients, before, d_rows).results
        return d_table, d_weight, d_bias
    return d_table, call(matmul_transposed_left, before, d_rows).result, apply(sum_columns, d_table)


def _are_few(forward: Call, rows: Tensor) -> bool:
    """Whether symbols are fewer than steps: then each has its own sum already, and what is added up for a bias is
    those."""
    return bool(forward.integers["looked_up"]) and rows.shape[0] < forward.reads[2].size


def _refuse(gradients: tuple[Tensor | None, ...]) -> None:
    if any(each is not None for each in gradients):
        raise TypeError("of a recurrent layer only the states and the last cell can be differentiated, not the gates")
