"""Regions of an image: a graph of its pixels is cut into segments, and segments are grouped, the most similar first.

Both go through edges or pairs in an order in which each choice depends on all before, so one thread does them; another
image is another replica of the program, or another run of it.

Felzenszwalb and Huttenlocher, "Efficient graph-based image segmentation", 2004; Uijlings, van de Sande, Gevers and
Smeulders, "Selective search for object recognition", 2013.
"""

from __future__ import annotations

from kernels.elementary import square_root
from kernels.language import device, kernel, one, real, zero
from kernels.threads import sync_threads


@kernel("image[H,W,C] -> distance[E] E=4*H*W", operations=lambda E, C: 3 * E * C)
def neighbour_distances(image, distance, thread, threads):
    """The Euclidean distance of a pixel's channels and those of its neighbour to the right, below, below to the right
    and below to the left: element direction H W + row W + column; -1 where the image has ended."""
    H, W, C = image.shape
    pixels = H * W
    for e in range(thread, 4 * pixels, threads):
        direction = e // pixels
        pixel = e - direction * pixels
        row = pixel // W
        column = pixel - row * W
        other_row = row if direction == 0 else row + 1
        other_column = column if direction == 1 else (column - 1 if direction == 3 else column + 1)
        if other_row >= H or other_column >= W or other_column < 0:
            distance[e] = -one
        else:
            total = zero
            for c in range(C):
                difference = image[row, column, c] - image[other_row, other_column, c]
                total += difference * difference
            distance[e] = square_root(total)


@device
def neighbour_of(e, pixels, width):
    """The pixel at the other end of edge e."""
    direction = e // pixels
    pixel = e - direction * pixels
    if direction == 0:
        return pixel + 1
    return pixel + width + (0 if direction == 1 else (1 if direction == 2 else -1))


@device
def merge_sort(keys, order, spare, count):
    """Put the first `count` numbers of `order`, which are places in `keys`, in the order of their keys; equal keys stay
    in the order in which they stand. `spare` is as long as `order`."""
    width = 1
    there = True  # whether what is sorted so far stands in `order`
    while width < count:
        for start in range(0, count, 2 * width):
            middle = min(start + width, count)
            end = min(start + 2 * width, count)
            i = start
            j = middle
            for place in range(start, end):
                if there:
                    left = i < middle and (j >= end or keys[int(order[i])] <= keys[int(order[j])])
                    spare[place] = order[i] if left else order[j]
                else:
                    left = i < middle and (j >= end or keys[int(spare[i])] <= keys[int(spare[j])])
                    order[place] = spare[i] if left else spare[j]
                if left:
                    i += 1
                else:
                    j += 1
        there = not there
        width *= 2
    if not there:
        for place in range(count):
            order[place] = spare[place]


@device
def root_of(parent, pixel):
    """The pixel that stands for the segment of a pixel; ways to it are halved."""
    while int(parent[pixel]) != pixel:
        parent[pixel] = parent[int(parent[pixel])]
        pixel = int(parent[pixel])
    return pixel


@device
def join(parent, size, a, b):
    """Make one segment of two: the larger one's pixel stands for it, or, of equally large ones, the first."""
    if size[b] > size[a] or (size[b] == size[a] and b < a):
        parent[a] = real(b)
        size[b] += size[a]
        return b
    parent[b] = real(a)
    size[a] += size[b]
    return a


@kernel(
    "distance[E] scale[1] -> label[P] count[1] parent[P] size[P] limit[P] order[E] spare[E] width smallest P=E/4",
    operations=lambda E: 40 * E,
    typical={"E": 4096, "width": 32, "smallest": 8},
)
def segment_pixels(
    distance, scale, label, count, parent, size, limit, order, spare, width, smallest, thread, threads
):  # fmt: skip
    """Cut an image into segments: `label` is the number of each pixel's, from 0 in the order of their first pixels, and
    `count` how many there are.

    Edges (`neighbour_distances`) are taken shortest first. Both ends' segments become one where the edge is no longer
    than what holds each of them together, its longest edge so far plus scale over its pixels. Then, in the same order,
    segments of less than `smallest` pixels join a neighbour.
    order: the edges in that order, 0 behind the last;  parent, size, limit, spare: room to work in, 0 at the end
    """
    P = label.size
    if thread == 0:
        edges = 0
        for e in range(distance.size):
            if distance[e] >= zero and neighbour_of(e, P, width) < P:  # which no edge is that leaves the image
                order[edges] = real(e)
                edges += 1
        merge_sort(distance, order, spare, edges)
        for pixel in range(P):
            parent[pixel] = real(pixel)
            size[pixel] = one
            limit[pixel] = scale[0]
        for place in range(edges):
            e = int(order[place])
            a = root_of(parent, e % P)
            b = root_of(parent, neighbour_of(e, P, width))
            if a != b and distance[e] <= limit[a] and distance[e] <= limit[b]:
                root = join(parent, size, a, b)
                limit[root] = distance[e] + scale[0] / size[root]
        for place in range(edges):
            e = int(order[place])
            a = root_of(parent, e % P)
            b = root_of(parent, neighbour_of(e, P, width))
            if a != b and (size[a] < real(smallest) or size[b] < real(smallest)):
                join(parent, size, a, b)
        found = 0
        for pixel in range(P):
            limit[pixel] = -one  # from here on the number of the segment that a pixel stands for
        for pixel in range(P):
            root = root_of(parent, pixel)
            if limit[root] < zero:
                limit[root] = real(found)
                found += 1
            label[pixel] = limit[root]
        count[0] = real(found)
        for pixel in range(P):
            parent[pixel] = zero
            size[pixel] = zero
            limit[pixel] = zero
        for e in range(distance.size):
            spare[e] = zero
            if e >= edges:
                order[e] = zero


@device
def likeness(size, corner, histogram, weights, pixels, a, b):
    """How similar two neighbouring regions are: the weighted sum of what their histograms have in common, of how small
    they are, and of how well they fill the box around both; each from 0 to 1."""
    colour = zero
    for k in range(histogram.shape[1]):
        colour += min(histogram[a, k], histogram[b, k])
    both = size[a] + size[b]
    width = max(corner[a, 2], corner[b, 2]) - min(corner[a, 0], corner[b, 0])
    height = max(corner[a, 3], corner[b, 3]) - min(corner[a, 1], corner[b, 1])
    small = one - both / pixels
    fill = one - (width * height - both) / pixels
    return weights[0] * colour + weights[1] * small + weights[2] * fill


@device
def find_most_like(size, corner, histogram, beside, nearest, close, weights, pixels, a):
    """Note of region a which neighbour is most similar to it, the first of several, and how similar; -1 and -1 where it
    has none."""
    nearest[a] = -one
    close[a] = -one
    for b in range(size.size):
        if beside[a, b] > zero:
            value = likeness(size, corner, histogram, weights, pixels, a, b)
            if value > close[a]:
                close[a] = value
                nearest[a] = real(b)


@kernel(
    "image[H,W,C] label[P] segments[1] weights[3] -> box[N,4] parts[N,2] count[1] size[M] corner[M,4] histogram[M,K] "
    "beside[M,M] nearest[M] close[M] node[M] smallest bins P=H*W M=(P-1)//smallest+1 N=2*M K=C*bins",
    operations=lambda P, M, K: 40 * P + 8 * M * M * K,
    typical={"H": 32, "W": 32, "C": 3, "smallest": 32, "bins": 8},
    indices={"label": "M"},
)
def group_segments(
    image, label, segments, weights, box, parts, count, size, corner, histogram, beside, nearest, close, node,
    smallest, bins, thread, threads,
):  # fmt: skip
    """Group an image's segments until there is one: the two neighbours that are most similar become one region, and
    again.

    image: numbers from 0 to 1, whose histograms, of `bins` bins for each channel, are compared
    segments: how many there are, at most M;  weights: of the similarities of colour, size and fill (`likeness`)
    box:   x_min, y_min, x_max, y_max of each segment and, behind those, of each group in the order in which they were
           made; 0 behind the last
    parts: of each group the numbers of the two regions that it was made of; -1 of segments and behind the last
    count: how many regions there are, segments and groups
    all others: room to work in, 0 at the end
    """
    H, W, C = image.shape
    M = size.size
    pixels = real(H * W)
    for i in range(thread, M * M, threads):
        beside[i // M, i % M] = zero
    for i in range(thread, 2 * M * 4, threads):
        box[i // 4, i % 4] = zero
    for i in range(thread, 2 * M * 2, threads):
        parts[i // 2, i % 2] = -one
    for i in range(thread, M * histogram.shape[1], threads):
        histogram[i // histogram.shape[1], i % histogram.shape[1]] = zero
    for a in range(thread, M, threads):
        size[a] = zero
        nearest[a] = -one
        close[a] = -one
        node[a] = real(a)
        corner[a, 0] = real(W)
        corner[a, 1] = real(H)
        corner[a, 2] = zero
        corner[a, 3] = zero
    sync_threads()
    if thread == 0:
        for row in range(H):
            for column in range(W):
                a = int(label[row * W + column])
                size[a] += one
                corner[a, 0] = min(corner[a, 0], real(column))
                corner[a, 1] = min(corner[a, 1], real(row))
                corner[a, 2] = max(corner[a, 2], real(column + 1))
                corner[a, 3] = max(corner[a, 3], real(row + 1))
                for c in range(C):
                    level = min(max(int(image[row, column, c] * real(bins)), 0), bins - 1)
                    histogram[a, c * bins + level] += one
                for direction in range(2):
                    other_row = row + direction
                    other_column = column + 1 - direction
                    if other_row < H and other_column < W:
                        b = int(label[other_row * W + other_column])
                        if a != b:
                            beside[a, b] = one
                            beside[b, a] = one
        found = min(int(segments[0]), M)
        for a in range(found):
            for k in range(histogram.shape[1]):
                histogram[a, k] = histogram[a, k] / (max(size[a], one) * real(C))
            for i in range(4):
                box[a, i] = corner[a, i]
        for a in range(found):
            find_most_like(size, corner, histogram, beside, nearest, close, weights, pixels, a)
        regions = found
        for _ in range(found - 1):
            a = 0
            for other in range(1, found):
                if close[other] > close[a]:
                    a = other
            if close[a] < zero:
                break
            b = int(nearest[a])
            both = size[a] + size[b]
            for k in range(histogram.shape[1]):
                histogram[a, k] = (size[a] * histogram[a, k] + size[b] * histogram[b, k]) / both
            size[a] = both
            corner[a, 0] = min(corner[a, 0], corner[b, 0])
            corner[a, 1] = min(corner[a, 1], corner[b, 1])
            corner[a, 2] = max(corner[a, 2], corner[b, 2])
            corner[a, 3] = max(corner[a, 3], corner[b, 3])
            parts[regions, 0] = node[a]
            parts[regions, 1] = node[b]
            node[a] = real(regions)
            for i in range(4):
                box[regions, i] = corner[a, i]
            regions += 1
            beside[a, b] = zero
            beside[b, a] = zero
            nearest[b] = -one
            close[b] = -one
            for c in range(found):
                if beside[b, c] > zero:
                    beside[b, c] = zero
                    beside[c, b] = zero
                    beside[a, c] = one
                    beside[c, a] = one
            find_most_like(size, corner, histogram, beside, nearest, close, weights, pixels, a)
            for c in range(found):
                if beside[a, c] > zero:
                    if int(nearest[c]) == a or int(nearest[c]) == b:
                        find_most_like(size, corner, histogram, beside, nearest, close, weights, pixels, c)
                    else:
                        value = likeness(size, corner, histogram, weights, pixels, c, a)
                        if value > close[c] or (value == close[c] and a < int(nearest[c])):
                            close[c] = value
                            nearest[c] = real(a)
        count[0] = real(regions)
    sync_threads()
    for i in range(thread, M * M, threads):
        beside[i // M, i % M] = zero
    for i in range(thread, M * histogram.shape[1], threads):
        histogram[i // histogram.shape[1], i % histogram.shape[1]] = zero
    for a in range(thread, M, threads):
        size[a] = zero
        nearest[a] = zero
        close[a] = zero
        node[a] = zero
        for i in range(4):
            corner[a, i] = zero
