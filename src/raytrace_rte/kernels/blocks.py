"""Vectors at any place of an array, with the lanes that are meant, and records written many at a time.

Arrays are read as they lie in memory, whatever their shape. Without compilation (NUMBA_DISABLE_JIT) NumPy
stands in.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from .intrinsics import RECORD
from .vector import BIT, MASK, NUMBERS, SHORT, VECTOR, WIDTH, WORD, broadcast, shuffle


def _place(context, builder, array_type, array, index, lanes):
    """Pointer to so many numbers of an array from one on, and whether they are float32."""
    data = context.make_array(array_type)(context, builder, array).data
    kind = ir.VectorType(data.type.pointee, lanes)
    there = builder.bitcast(builder.gep(data, [index]), kind.as_pointer())
    return there, isinstance(data.type.pointee, ir.FloatType)


@intrinsic
def vector(context, a):
    """Return a number WIDTH times over."""

    def code(ctx, builder, signature, args):
        return broadcast(builder, args[0])

    return VECTOR(types.float64), code


@intrinsic
def lanes(context, count):
    """Return the mask of the first so many lanes, all if there are more than WIDTH."""

    def code(ctx, builder, signature, args):
        numbers = ir.Constant(ir.VectorType(WORD, WIDTH), list(range(WIDTH)))
        return builder.icmp_signed("<", numbers, broadcast(builder, args[0]))

    return MASK(types.int64), code


@intrinsic
def magnitude(context, a):
    """Return the absolute values of a vector."""

    def code(ctx, builder, signature, args):
        shape = ir.FunctionType(NUMBERS, [NUMBERS])
        name = f"llvm.fabs.v{WIDTH}f64"
        return builder.call(cgutils.get_or_insert_function(builder.module, shape, name), args)

    return VECTOR(VECTOR), code


@intrinsic
def peek(context, array, i):
    """Return the vector that stands in a float64 array from number i on."""

    def code(ctx, builder, signature, args):
        there, _ = _place(ctx, builder, array, *args, WIDTH)
        numbers = builder.load(there)
        numbers.align = 8
        return numbers

    return VECTOR(array, types.int64), code


@intrinsic
def poke(context, array, i, value):
    """Put a vector into a float64 array from number i on."""

    def code(ctx, builder, signature, args):
        there, _ = _place(ctx, builder, array, *args[:2], WIDTH)
        builder.store(args[2], there).align = 8
        return ctx.get_dummy_value()

    return types.void(array, types.int64, VECTOR), code


@intrinsic
def peek_some(context, array, i, mask):
    """Return the vector from number i of an array on where a mask holds, without a look elsewhere; else 0."""

    def code(ctx, builder, signature, args):
        there, single = _place(ctx, builder, array, *args[:2], WIDTH)
        kind, size = there.type.pointee, 4 if single else 8
        shape = ir.FunctionType(kind, [there.type, SHORT, ir.VectorType(BIT, WIDTH), kind])
        name = f"llvm.masked.load.v{WIDTH}f{8 * size}.p0"
        take = cgutils.get_or_insert_function(builder.module, shape, name)
        found = builder.call(take, [there, ir.Constant(SHORT, size), args[2], ir.Constant(kind, None)])
        return builder.fpext(found, NUMBERS) if single else found

    return VECTOR(array, types.int64, MASK), code


@intrinsic
def poke_some(context, array, i, value, mask):
    """Put a vector into a float64 array from number i on where a mask holds; nothing else is touched."""

    def code(ctx, builder, signature, args):
        there, _ = _place(ctx, builder, array, *args[:2], WIDTH)
        shape = ir.FunctionType(ir.VoidType(), [NUMBERS, there.type, SHORT, ir.VectorType(BIT, WIDTH)])
        keep = cgutils.get_or_insert_function(builder.module, shape, f"llvm.masked.store.v{WIDTH}f64.p0")
        builder.call(keep, [args[2], there, ir.Constant(SHORT, 8), args[3]])
        return ctx.get_dummy_value()

    return types.void(array, types.int64, VECTOR, MASK), code


@intrinsic
def root(context, a):
    """Return the square roots of a vector."""

    def code(ctx, builder, signature, args):
        shape = ir.FunctionType(NUMBERS, [NUMBERS])
        name = f"llvm.sqrt.v{WIDTH}f64"
        return builder.call(cgutils.get_or_insert_function(builder.module, shape, name), args)

    return VECTOR(VECTOR), code


@intrinsic
def rounded(context, array, value):
    """Return a vector as an array would keep it."""
    single = array.dtype == types.float32

    def code(ctx, builder, signature, args):
        if not single:
            return args[1]
        half = builder.fptrunc(args[1], ir.VectorType(ir.FloatType(), WIDTH))
        return builder.fpext(half, NUMBERS)

    return VECTOR(array, VECTOR), code


def _zipped(builder, one, other):
    """The numbers of two lists of vectors in turn: one of the first, one of the second."""
    low = [n // 2 + WIDTH * (n % 2) for n in range(WIDTH)]
    high = [n + WIDTH // 2 for n in low]
    return [shuffle(builder, a, b, k) for a, b in zip(one, other, strict=True) for k in (low, high)]


def _unzipped(builder, parts, odd):
    """Every second number of a list of vectors: the even or the odd ones."""
    index = [2 * n + odd for n in range(WIDTH)]
    return [shuffle(builder, a, b, index) for a, b in zip(parts[::2], parts[1::2], strict=True)]


@intrinsic
def get_records(context, array, i, count):
    """Return eight vectors of WIDTH records from record i of an array on: all first numbers, all second ones, ...

    Of less records than that, the last of `count` stands in further lanes.
    """

    def code(ctx, builder, signature, args):
        each = RECORD // WIDTH
        start = builder.mul(args[1], ir.Constant(WORD, RECORD))
        there, single = _place(ctx, builder, array, args[0], start, WIDTH)
        last = builder.sub(args[2], ir.Constant(WORD, 1))

        def read(number):
            there_too = builder.gep(there, [builder.mul(number, ir.Constant(WORD, each))])
            rows = [builder.load(builder.gep(there_too, [ir.Constant(WORD, part)])) for part in range(each)]
            for row in rows:
                row.align = 4 if single else 8
            return rows

        with builder.if_else(builder.icmp_signed(">=", last, ir.Constant(WORD, WIDTH - 1))) as (all_, some):
            with all_:
                whole = [row for n in range(WIDTH) for row in read(ir.Constant(WORD, n))]
                one = builder.block
            with some:
                limits = [ir.Constant(WORD, n) for n in range(WIDTH)]
                least = [builder.select(builder.icmp_signed("<", last, n), last, n) for n in limits]
                tail = [row for n in least for row in read(n)]
                other = builder.block
        found = [builder.phi(row.type) for row in whole]
        for both, *rows in zip(found, whole, tail, strict=True):
            for row, block in zip(rows, (one, other), strict=True):
                both.add_incoming(row, block)
        parts = [found]
        while len(parts) < RECORD:
            parts = [_unzipped(builder, part, odd) for odd in (0, 1) for part in parts]
        out = [builder.fpext(part, NUMBERS) if single else part for (part,) in parts]
        return ctx.make_tuple(builder, signature.return_type, out)

    return types.UniTuple(VECTOR, RECORD)(array, types.int64, types.int64), code


@intrinsic
def put_records(context, array, i, count, record):
    """Write WIDTH records, at most `count`, from record i of an array on: a vector of each of their numbers.

    The array starts on a cache line. They go past the caches, which would first read the lines to be written.
    """

    def code(ctx, builder, signature, args):
        start = builder.mul(args[1], ir.Constant(WORD, RECORD))
        there, single = _place(ctx, builder, array, args[0], start, WIDTH)
        parts = [[builder.extract_value(args[3], n)] for n in range(RECORD)]
        if single:
            parts = [[builder.fptrunc(p, there.type.pointee) for p in part] for part in parts]
        while len(parts) > 1:
            half = len(parts) // 2
            parts = [_zipped(builder, parts[n], parts[n + half]) for n in range(half)]
        past = builder.module.add_metadata([ir.Constant(SHORT, 1)])
        each = RECORD // WIDTH
        for n in range(WIDTH):
            with builder.if_then(builder.icmp_signed(">", args[2], ir.Constant(WORD, n)), likely=True):
                for part in range(n * each, (n + 1) * each):
                    kept = builder.store(parts[0][part], builder.gep(there, [ir.Constant(WORD, part)]))
                    kept.align = WIDTH * (4 if single else 8)
                    kept.set_metadata("nontemporal", past)
        return ctx.get_dummy_value()

    return types.void(array, types.int64, types.int64, record), code


if config.DISABLE_JIT:

    def vector(a):
        return np.full(WIDTH, a)

    def lanes(count):
        return np.arange(WIDTH) < count

    def magnitude(a):
        return np.abs(a)

    def peek(array, i):
        return array.reshape(-1)[i : i + WIDTH].copy()

    def poke(array, i, value):
        array.reshape(-1)[i : i + WIDTH] = value

    def peek_some(array, i, mask):
        out = np.zeros(WIDTH)
        out[mask] = array.reshape(-1)[i + np.flatnonzero(mask)]
        return out

    def poke_some(array, i, value, mask):
        array.reshape(-1)[i + np.flatnonzero(mask)] = value[mask]

    def root(a):
        return np.sqrt(a)

    def rounded(array, value):
        return value.astype(array.dtype).astype(np.float64)

    def get_records(array, i, count):
        number = i + np.minimum(np.arange(WIDTH), count - 1)
        return tuple(array.reshape(-1, RECORD)[number].astype(np.float64).T)

    def put_records(array, i, count, record):
        some = min(count, WIDTH)
        array.reshape(-1, RECORD)[i : i + some] = np.stack(record, axis=-1)[:some]
