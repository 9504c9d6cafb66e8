"""What detectors are trained towards, where it depends on what they say: neither kernel has a gradient.

Redmon, Divvala, Girshick and Farhadi, "You only look once: unified, real-time object detection", 2016 (YOLO); Liu and
others, "SSD: single shot multibox detector", 2016.
"""

from __future__ import annotations

from kernels.language import device, kernel, one, real, zero

EXACT = frozenset({"contract"})
"""A choice must not depend on how sums are taken apart."""


@device
def shared_length(first, first_size, second, second_size):
    """How much of two stretches of a line is common to both, of which middle and length are given."""
    half = real(0.5)
    low = max(first - half * first_size, second - half * second_size)
    high = min(first + half * first_size, second + half * second_size)
    return max(high - low, zero)


@kernel(
    "outputs[R,N] cells[R,5] coordinates[1] empty[1] -> wanted[R,N] weights[R,N] boxes grid",
    fastmath=EXACT,
    operations=lambda R, N, boxes: R * (2 * N + 20 * boxes),
    typical={"R": 1152, "N": 13, "boxes": 2, "grid": 6},
)
def yolo_targets(outputs, cells, coordinates, empty, wanted, weights, boxes, grid, thread, threads):
    """What each number of a grid cell should be, and what its squared error is multiplied by.

    A row of outputs is one cell's: of each of so many boxes x and y of the middle, counted in cells from the cell's
    corner, the square roots of width and height as shares of the image, and a confidence; then a number for each class.
    A row of cells is the object whose middle lies there: its class (below 0: there is none), then x, y and the square
    roots, in the same units. grid: how many cells stand beside each other.

    The box that is responsible for an object is the one with the largest IoU, the first of equals; where none overlaps,
    the one whose numbers are nearest. Its confidence should be that IoU, and `coordinates` is the weight of its four
    numbers; all other confidences should be 0, with the weight `empty`. What is not mentioned has the weight 0.
    """
    R, N = outputs.shape
    for r in range(thread, R, threads):
        for n in range(N):
            wanted[r, n] = zero
            weights[r, n] = zero
        for b in range(boxes):
            weights[r, 5 * b + 4] = empty[0]
        if cells[r, 0] >= zero:
            x, y = cells[r, 1] / real(grid), cells[r, 2] / real(grid)
            width, height = cells[r, 3] * cells[r, 3], cells[r, 4] * cells[r, 4]
            responsible, best, least = 0, zero, zero
            for b in range(boxes):
                own_width = outputs[r, 5 * b + 2] * outputs[r, 5 * b + 2]
                own_height = outputs[r, 5 * b + 3] * outputs[r, 5 * b + 3]
                inside = shared_length(x, width, outputs[r, 5 * b] / real(grid), own_width)
                inside *= shared_length(y, height, outputs[r, 5 * b + 1] / real(grid), own_height)
                either = width * height + own_width * own_height - inside
                overlap = inside / either if either > zero else zero
                apart = zero
                for k in range(4):
                    difference = outputs[r, 5 * b + k] - cells[r, 1 + k]
                    apart += difference * difference
                if b == 0 or overlap > best or (best == zero and overlap == zero and apart < least):
                    responsible, best, least = b, overlap, apart
            for k in range(4):
                wanted[r, 5 * responsible + k] = cells[r, 1 + k]
                weights[r, 5 * responsible + k] = coordinates[0]
            wanted[r, 5 * responsible + 4] = best
            weights[r, 5 * responsible + 4] = one
            for n in range(5 * boxes, N):
                weights[r, n] = one
            wanted[r, 5 * boxes + int(cells[r, 0])] = one


@kernel(
    "losses[B,N] positive[B,N] ratio[1] -> chosen[B,N]",
    operations=lambda B, N: 2 * B * N * N,
    typical={"B": 32, "N": 540},
)
def hard_negatives(losses, positive, ratio, chosen, thread, threads):
    """chosen = 1 for what is positive, and for those of the others in the same row whose losses are largest: `ratio`
    times as many as are positive, the first ones of equals; 0 for the rest."""
    B, N = losses.shape
    row, wanted = -1, zero
    for e in range(thread, B * N, threads):
        r, i = e // N, e % N
        if r != row:
            row, many = r, zero
            for j in range(N):
                many += positive[r, j]
            wanted = ratio[0] * many
        # Few are wanted, so that after a few dozen of the others it is known of most that they are not among them.
        mine, before, j = losses[r, i], zero, 0
        while j < N and before < wanted:
            if losses[r, j] > mine or (losses[r, j] == mine and j < i):
                before += one - positive[r, j]
            j += 1
        taken = one if before < wanted else zero
        chosen[r, i] = max(positive[r, i], taken)
