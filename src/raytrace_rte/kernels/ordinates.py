"""Discrete ordinates, linear discontinuous in each cell: a block of ordinates of one octant in the lanes of vectors.

In a cell I = a + b xi + c eta + d zeta, each of xi, eta, zeta from -1 to 1 in the sense of travel. The Galerkin
moments of mu . grad I = kappa (S - I), with upwind faces, are an arrow-shaped system with a closed solution
(docs/theory.md, eqs. 15 to 17). Its zeroth moment is the balance of the cell, face by face, on any grid. Where the
mean or a leaving face of an ordinate would be negative, it takes as much of the step scheme as makes it 0: the step
scheme is positive, both balance, and so does any mean of the two. A hard change from one to the other would jump, and
the light of grey walls would not converge.

A face carries an average and two slopes. Those in front of a block lie in three planes, which hold what enters the
box before it is swept and what leaves it afterwards: walls, mirrors and periodic axes need nothing else.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .blocks import vector
from .intrinsics import bits, fma, load, minimum, store, total, totals, where
from .jit import driver, inlined, kernel
from .reconstruct import KAPPA, SOURCE, SOURCE_X, SOURCE_Y, SOURCE_Z
from .vector import WIDTH

LANES = 16
"""Ordinates in a block at most; the last one of an octant may have EIGHT."""
MU_X, MU_Y, MU_Z, WEIGHT, CONTRAST = (n * LANES for n in range(5))
"""Rows of a block: magnitudes of the direction's components; weights [sr]; weights of the difference between two
halves of the set, each a set of its own, which estimates the error of the angles."""
ROWS = 5
SPAN, TRIPLE, SQUARE = 3 * LANES, LANES, 2 * LANES
A, B, C = 0, SPAN, 2 * SPAN
RATES = 3 * SPAN
"""Rows of rates: mu / h along each axis, then 3 times that, then 3 times its square."""
POSITIVE = 1.0 - 2.0**-40
"""Share of what would make the least value 0: rounding must not take it below."""
EIGHT = 8
"""Lanes whose sums are formed together, whatever the width of vectors: no bit depends on that."""
FIRST, SECOND = LANES, 2 * LANES
"""Rows of a face after the averages: slopes along the first axis across the face, and along the second one."""
FACE = 3 * LANES
GAS, BURIED = -1, -2
"""In place of the number of a solid cell: gas, and a cell behind whose faces are solid ones only: it is passed by."""


class Domain(NamedTuple):
    """What a sweep reads.

    record: of cells, in one band (n_cell, 8); x, y, z: reciprocals of their widths [1/m] along each axis, 0 of an
    infinite one; wx, wy, wz: those widths [m], 1 of an infinite one; solid: number of one, GAS or BURIED (n_cell,),
    without any element where all is gas; leaving: radiance that leaves each of them [W m-2 sr-1]; kept: number of a
    cell whose faces' fluxes are kept, or -1 (n_cell,), or without any element; thin: kappa [1/m] above which div q is
    summed
    """

    record: np.ndarray
    x: np.ndarray
    y: np.ndarray
    z: np.ndarray
    wx: np.ndarray
    wy: np.ndarray
    wz: np.ndarray
    solid: np.ndarray
    leaving: np.ndarray
    kept: np.ndarray
    thin: float


class Block(NamedTuple):
    """Ordinates of one octant: rows (ROWS LANES,); work array of rates (RATES,); lanes in use; senses of travel, 1 or
    -1."""

    rows: np.ndarray
    rates: np.ndarray
    lanes: int
    x: int
    y: int
    z: int


class Planes(NamedTuple):
    """Faces in front of a block, across x (ny, nz), y (nx, nz) and z (nx, ny): FACE numbers each, flat."""

    x: np.ndarray
    y: np.ndarray
    z: np.ndarray


class Sums(NamedTuple):
    """What ordinates leave behind, by cell: incident radiation [W m-2], div q [W m-3] where it is thick, and the
    difference of incident radiation between halves of the set; by solid cell: power that arrives [W], and its
    difference; by cell that is kept: net fluxes through its faces, low and high along x, y and z (n, 6) [W m-2].
    fresh: whether what stands in cells is old, and is written over."""

    incident: np.ndarray
    div_q: np.ndarray
    contrast: np.ndarray
    solid: np.ndarray
    solid_contrast: np.ndarray
    faces: np.ndarray
    fresh: bool


@driver
def sweep(domain, block, planes, sums, first, last):
    """Take a block through the layers first to last (excluded) of cells across y, counted in its sense of travel."""
    nx, ny = domain.x.size, domain.y.size
    for p in range(nx):
        i = p if block.x > 0 else nx - 1 - p
        for q in range(first, last):
            j = q if block.y > 0 else ny - 1 - q
            _row(domain, block, planes, sums, i, j)


@kernel
def _row(domain, block, planes, sums, i, j):
    """Take a block along a row of cells."""
    ny, nz = domain.y.size, domain.z.size
    at_z = (i * ny + j) * FACE
    half_x = 0.5 * block.x * domain.wx[i] if domain.x[i] > 0.0 else 0.0
    half_y = 0.5 * block.y * domain.wy[j] if domain.y[j] > 0.0 else 0.0
    _rate(block, A, domain.x[i])
    _rate(block, B, domain.y[j])
    per_z = -1.0
    for r in range(nz):
        k = r if block.z > 0 else nz - 1 - r
        cell, at_x, at_y = (i * ny + j) * nz + k, (j * nz + k) * FACE, (i * nz + k) * FACE
        if domain.solid.size > 0 and domain.solid[cell] != GAS:
            if domain.solid[cell] != BURIED:
                _solid(domain, block, planes, sums, i, j, k)
            if sums.fresh:
                _leave_behind(sums, cell, 0.0, 0.0, False, 0.0)
            continue
        if domain.z[k] != per_z:
            per_z = domain.z[k]
            _rate(block, C, per_z)
        half_z = 0.5 * block.z * domain.wz[k] if per_z > 0.0 else 0.0
        kappa = np.float64(domain.record[cell, KAPPA])
        light = (
            kappa,
            kappa * np.float64(domain.record[cell, SOURCE]),
            (
                kappa * half_x * np.float64(domain.record[cell, SOURCE_X]),
                kappa * half_y * np.float64(domain.record[cell, SOURCE_Y]),
                kappa * half_z * np.float64(domain.record[cell, SOURCE_Z]),
            ),
        )
        _cell(domain, block, planes, sums, cell, (at_x, at_y, at_z), light)


@inlined
def _rate(block, axis, per):
    """Set the rates at which a block crosses an axis: mu / h, 3 mu / h and 3 (mu / h)^2."""
    for n in range(0, block.lanes, WIDTH):
        rate = load(block.rows, axis // SPAN * LANES + n) * per
        store(block.rates, axis + n, rate)
        store(block.rates, axis + TRIPLE + n, 3.0 * rate)
        store(block.rates, axis + SQUARE + n, 3.0 * rate * rate)


@inlined
def _cell(domain, block, planes, sums, cell, faces, light):
    """Take a block through a cell, and add what it leaves there.

    Where the medium is thin div q is what is emitted less what is absorbed, found later; elsewhere both are nearly
    equal, and it is what the faces say.
    """
    thick = light[0] > domain.thin
    kept = domain.kept[cell] if sums.faces.size > 0 else -1
    if kept >= 0:
        _count(block, planes, faces, sums.faces, kept, False)
    near = vector(0.0), vector(0.0), vector(0.0)
    far = near
    for n in range(0, block.lanes, EIGHT):
        near = _add(block, n, planes, faces, light, thick, near)
        if WIDTH < EIGHT:
            far = _add(block, n + WIDTH, planes, faces, light, thick, far)
    if sums.incident.size > 0:
        incident, contrast = _sums(near, far)
        net = 0.0
        if thick:
            net = total(near[2] + far[2]) if WIDTH < EIGHT else total(near[2])
        _leave_behind(sums, cell, incident, contrast, thick, net)
    if kept >= 0:
        _count(block, planes, faces, sums.faces, kept, True)


@inlined
def _leave_behind(sums, cell, incident, contrast, thick, net):
    """Add to the sums of a cell, or begin them."""
    if sums.fresh:
        sums.incident[cell], sums.contrast[cell] = incident, contrast
        if sums.div_q.size > 0:
            sums.div_q[cell] = net
    else:
        sums.incident[cell] += incident
        sums.contrast[cell] += contrast
        if thick:
            sums.div_q[cell] += net


@inlined
def _sums(near, far):
    """The sums over the lanes of two vectors of EIGHT, or of two halves of each: the same bits."""
    return totals(near[0] + far[0], near[1] + far[1]) if WIDTH < EIGHT else totals(near[0], near[1])


@inlined
def _add(block, n, planes, faces, light, thick, so_far):
    """Take a vector of ordinates through a cell, and add to incident radiation, contrast and div q."""
    mean, net = _cross(block.rates, n, planes, (faces[0] + n, faces[1] + n, faces[2] + n), light, thick)
    weight = load(block.rows, WEIGHT + n)
    return (
        fma(weight, mean, so_far[0]),
        fma(load(block.rows, CONTRAST + n), mean, so_far[1]),
        fma(weight, net, so_far[2]) if thick else so_far[2],
    )


@inlined
def _cross(rates, n, planes, at, light, thick):
    """Take a vector of ordinates through a cell; return their means there, and where it is thick what leaves less
    what enters [W m-3 sr-1].

    at: places of the faces; light: kappa, kappa S, and half the differences of that across the cell
    """
    kappa, emitted, rise = light
    a_, b_, c_ = load(rates, A + n), load(rates, B + n), load(rates, C + n)
    a3, b3, c3 = load(rates, A + TRIPLE + n), load(rates, B + TRIPLE + n), load(rates, C + TRIPLE + n)
    x0, x1, x2 = _face(planes.x, at[0])
    y0, y1, y2 = _face(planes.y, at[1])
    z0, z1, z2 = _face(planes.z, at[2])
    t = a_ + b_ + c_ + kappa
    m1, m2, m3 = fma(2.0, a_, t), fma(2.0, b_, t), fma(2.0, c_, t)
    m12, m13, m23 = m1 * m2, m1 * m3, m2 * m3
    m123 = m12 * m3
    d = fma(load(rates, C + SQUARE + n), m12, t * m123)
    d = fma(load(rates, A + SQUARE + n), m23, fma(load(rates, B + SQUARE + n), m13, d))
    inverse = 1.0 / (d * m123)  # d is m123 times the arrow's determinant: one division for four
    all_ = d * inverse
    w1, w2, w3 = m23 * all_, m13 * all_, m12 * all_
    r1 = fma(b_, y1, fma(c_, z1, fma(-a3, x0, rise[0]))) * w1
    r2 = fma(a_, x1, fma(c_, z2, fma(-b3, y0, rise[1]))) * w2
    r3 = fma(a_, x2, fma(b_, y2, fma(-c3, z0, rise[2]))) * w3
    a = fma(a_, x0 - r1, fma(b_, y0 - r2, fma(c_, z0 - r3, emitted))) * (m123 * (m123 * inverse))
    b, c, e = fma(a3 * w1, a, r1), fma(b3 * w2, a, r2), fma(c3 * w3, a, r3)
    x, y, z = a + b, a + c, a + e
    least = minimum(minimum(a, x), minimum(y, z))
    if bits(least < 0.0) != 0:
        step = fma(a_, x0, fma(b_, y0, fma(c_, z0, emitted))) / t
        share = where(least < 0.0, POSITIVE * step / (step - least), 1.0)
        rest = (1.0 - share) * step
        a, x, y, z = fma(share, a, rest), fma(share, x, rest), fma(share, y, rest), fma(share, z, rest)
        b, c, e = share * b, share * c, share * e
    _leave(planes.x, at[0], x, c, e)
    _leave(planes.y, at[1], y, b, e)
    _leave(planes.z, at[2], z, b, c)
    return a, fma(a_, x - x0, fma(b_, y - y0, c_ * (z - z0))) if thick else a


@inlined
def _count(block, planes, at, faces, kept, leaving):
    """Add to the fluxes through the faces by which a block enters a cell, or by which it leaves."""
    near = vector(0.0), vector(0.0), vector(0.0)
    far = near
    for n in range(0, block.lanes, EIGHT):
        near = _flow(block.rows, planes, at, n, near)
        if WIDTH < EIGHT:
            far = _flow(block.rows, planes, at, n + WIDTH, far)
    x, y = _sums(near, far)
    z = total(near[2] + far[2]) if WIDTH < EIGHT else total(near[2])
    faces[kept, 0 if (block.x < 0) == leaving else 1] += block.x * x
    faces[kept, 2 if (block.y < 0) == leaving else 3] += block.y * y
    faces[kept, 4 if (block.z < 0) == leaving else 5] += block.z * z


@inlined
def _flow(rows, planes, at, n, so_far):
    """Add what a vector of ordinates carries through faces across x, y and z."""
    weight = load(rows, WEIGHT + n)
    return (
        fma(weight * load(rows, MU_X + n), load(planes.x, at[0] + n), so_far[0]),
        fma(weight * load(rows, MU_Y + n), load(planes.y, at[1] + n), so_far[1]),
        fma(weight * load(rows, MU_Z + n), load(planes.z, at[2] + n), so_far[2]),
    )


@inlined
def _face(plane, at):
    """What enters through a face: average and slopes."""
    return load(plane, at), load(plane, at + FIRST), load(plane, at + SECOND)


@inlined
def _leave(plane, at, average, first, second):
    """Put down what leaves through a face."""
    store(plane, at, average)
    store(plane, at + FIRST, first)
    store(plane, at + SECOND, second)


@kernel
def _solid(domain, block, planes, sums, i, j, k):
    """A solid cell takes what comes from gas or walls, and sends out its own light."""
    ny, nz = domain.y.size, domain.z.size
    cell = (i * ny + j) * nz + k
    number = domain.solid[cell]
    light = domain.leaving[number]
    wx, wy, wz = domain.wx[i], domain.wy[j], domain.wz[k]
    x = (
        wy * wz
        if domain.x[i] > 0.0
        and not _solid_behind(domain, i - block.x, domain.x.size, cell - block.x * ny * nz)
        else 0.0
    )
    y = (
        wx * wz
        if domain.y[j] > 0.0 and not _solid_behind(domain, j - block.y, ny, cell - block.y * nz)
        else 0.0
    )
    z = wx * wy if domain.z[k] > 0.0 and not _solid_behind(domain, k - block.z, nz, cell - block.z) else 0.0
    at_x, at_y, at_z = (j * nz + k) * FACE, (i * nz + k) * FACE, (i * ny + j) * FACE
    zero = vector(0.0)
    near = zero, zero
    far = near
    for n in range(0, block.lanes, EIGHT):
        near = _strike(block.rows, n, planes, (at_x, at_y, at_z), (x, y, z), light, near)
        if WIDTH < EIGHT:
            far = _strike(block.rows, n + WIDTH, planes, (at_x, at_y, at_z), (x, y, z), light, far)
    if sums.solid.size > 0:
        arrived, contrast = _sums(near, far)
        sums.solid[number] += arrived
        sums.solid_contrast[number] += contrast


@inlined
def _strike(rows, n, planes, faces, area, light, so_far):
    """Let a vector of ordinates end in a solid cell and start from it; add to what arrives, and its contrast."""
    at, zero = (faces[0] + n, faces[1] + n, faces[2] + n), vector(0.0)
    X, Y, Z = load(rows, MU_X + n) * area[0], load(rows, MU_Y + n) * area[1], load(rows, MU_Z + n) * area[2]
    power = fma(X, load(planes.x, at[0]), fma(Y, load(planes.y, at[1]), Z * load(planes.z, at[2])))
    _leave(planes.x, at[0], vector(light), zero, zero)
    _leave(planes.y, at[1], vector(light), zero, zero)
    _leave(planes.z, at[2], vector(light), zero, zero)
    return fma(load(rows, WEIGHT + n), power, so_far[0]), fma(load(rows, CONTRAST + n), power, so_far[1])


@kernel
def _solid_behind(domain, index, size, cell):
    """Whether the neighbour that a block comes from is solid."""
    return 0 <= index < size and domain.solid[cell] != GAS


@driver
def enter(plane, lanes, light):
    """Let diffuse light (n,) [W m-2 sr-1] enter through all faces of a plane."""
    for face in range(light.size):
        average, flat = vector(light[face]), vector(0.0)
        for n in range(0, lanes, WIDTH):
            _leave(plane, face * FACE + n, average, flat, flat)


@driver
def arrive(plane, block, axis, flux, contrast):
    """Add what leaves the box through a plane to the flux onto its wall (n,) [W m-2], and to the difference between
    halves of the set. axis: across the plane"""
    zero = vector(0.0)
    for face in range(flux.size):
        near = zero, zero
        far = near
        for n in range(0, block.lanes, EIGHT):
            near = _through(plane, block.rows, axis, face * FACE, n, near)
            if WIDTH < EIGHT:
                far = _through(plane, block.rows, axis, face * FACE, n + WIDTH, far)
        arrived, difference = _sums(near, far)
        flux[face] += arrived
        contrast[face] += difference


@inlined
def _through(plane, rows, axis, face, n, so_far):
    """Add what a vector of ordinates brings through a face, and its contrast."""
    through = load(rows, axis * LANES + n) * load(plane, face + n)
    return fma(load(rows, WEIGHT + n), through, so_far[0]), fma(load(rows, CONTRAST + n), through, so_far[1])
