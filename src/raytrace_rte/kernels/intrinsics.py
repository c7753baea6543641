"""Machine instructions that Python has no word for, of numbers or vectors (vector.py), and vectors in memory.

Left to itself a compiler fuses a product and a sum here and not there; `fma` is fused everywhere, so that the
same bits come out of every kernel. Without compilation (NUMBA_DISABLE_JIT) NumPy stands in, for tests.
"""

from __future__ import annotations

import numpy as np
from llvmlite import ir
from numba import config, types
from numba.core import cgutils
from numba.extending import intrinsic

from .vector import MASK, NUMBERS, SHORT, VECTOR, WIDTH, WORD, broadcast, shuffle

RECORD = 8
"""Numbers in a record of a cell."""
ADDRESS_BIAS = 2.0**52
"""Added to a whole number, it leaves that in the last bits: an address needs no conversion."""
_EXPONENT = 0x433 << 52


def _number_or_vector(*args):
    return VECTOR if any(a in (VECTOR, MASK) for a in args) else types.float64


def _alike(builder, kind, args):
    return [broadcast(builder, a) for a in args] if kind is VECTOR else list(args)


@intrinsic
def fma(context, a, b, c):
    """Return a b + c, rounded once."""
    kind = _number_or_vector(a, b, c)

    def code(ctx, builder, signature, args):
        args = _alike(builder, kind, args)
        name = f"llvm.fma.v{WIDTH}f64" if kind is VECTOR else "llvm.fma.f64"
        shape = ir.FunctionType(args[0].type, [args[0].type] * 3)
        return builder.call(cgutils.get_or_insert_function(builder.module, shape, name), args)

    return kind(*((a, b, c) if kind is VECTOR else [kind] * 3)), code


@intrinsic
def where(context, condition, a, b):
    """Return a where a condition holds, else b."""
    kind = _number_or_vector(condition, a, b)

    def code(ctx, builder, signature, args):
        return builder.select(args[0], *_alike(builder, kind, args[1:]))

    return kind(condition, *((a, b) if kind is VECTOR else [kind] * 2)), code


@intrinsic
def floor(context, a):
    """Return the greatest whole number that is not above a."""
    kind = _number_or_vector(a)

    def code(ctx, builder, signature, args):
        name = f"llvm.floor.v{WIDTH}f64" if kind is VECTOR else "llvm.floor.f64"
        shape = ir.FunctionType(args[0].type, [args[0].type])
        return builder.call(cgutils.get_or_insert_function(builder.module, shape, name), args)

    return kind(a), code


def _extreme(sign):
    @intrinsic
    def extreme(context, a, b):
        kind = _number_or_vector(a, b)

        def code(ctx, builder, signature, args):
            a, b = _alike(builder, kind, args)
            return builder.select(builder.fcmp_ordered(sign, a, b), a, b)

        return kind(*((a, b) if kind is VECTOR else [kind] * 2)), code

    return extreme


minimum = _extreme("<")
maximum = _extreme(">")


@intrinsic
def two_to(context, k):
    """Return 2^n of k = n + 1.5 * 2^52, which holds n in its last bits; n within -1022..1023."""
    kind = _number_or_vector(k)

    def code(ctx, builder, signature, args):
        word = ir.VectorType(WORD, WIDTH) if kind is VECTOR else WORD
        shift, bias = (ir.Constant(word, [n] * WIDTH if kind is VECTOR else n) for n in (52, 1023 << 52))
        bits = builder.shl(builder.bitcast(args[0], word), shift)
        return builder.bitcast(builder.add(bits, bias), args[0].type)

    return kind(kind), code


@intrinsic
def bits(context, mask):
    """Return the truth values of a mask as the bits of a number."""

    def code(ctx, builder, signature, args):
        return builder.zext(builder.bitcast(args[0], ir.IntType(WIDTH)), WORD)

    return types.int64(mask), code


@intrinsic
def total(context, a):
    """Return the sum of a vector, halves added to halves."""

    def code(ctx, builder, signature, args):
        vector, width = args[0], WIDTH
        while width > 1:
            width //= 2
            halves = (list(range(k, k + width)) for k in (0, width))
            vector = builder.fadd(*(shuffle(builder, vector, vector, half) for half in halves))
        return builder.extract_element(vector, ir.Constant(SHORT, 0))

    return types.float64(a), code


@intrinsic
def totals(context, a, b):
    """Return the sums of two vectors, side by side: the bits of `total` of each."""

    def code(ctx, builder, signature, args):
        a, b = args
        low, high = (
            [*range(k, k + WIDTH // 2), *range(k + WIDTH, k + WIDTH + WIDTH // 2)] for k in (0, WIDTH // 2)
        )
        both, width = builder.fadd(shuffle(builder, a, b, low), shuffle(builder, a, b, high)), WIDTH // 2
        while width > 1:  # the sums so far of a at 0 and on, those of b at WIDTH / 2 and on
            width //= 2
            turned = [(k + width) % WIDTH for k in range(WIDTH)]
            both = builder.fadd(both, shuffle(builder, both, both, turned))
        sums = [builder.extract_element(both, ir.Constant(SHORT, k)) for k in (0, WIDTH // 2)]
        return ctx.make_tuple(builder, signature.return_type, sums)

    return types.UniTuple(types.float64, 2)(a, b), code


def _pointer(context, builder, array_type, array, index, kind):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), kind.as_pointer())


@intrinsic
def load(context, array, i):
    """Return the vector that stands in an array from number i on, a multiple of WIDTH."""

    def code(ctx, builder, signature, args):
        numbers = builder.load(_pointer(ctx, builder, array, *args, NUMBERS))
        numbers.align = 8 * WIDTH
        return numbers

    return VECTOR(array, types.int64), code


@intrinsic
def store(context, array, i, value):
    """Put a vector into an array from number i on, a multiple of WIDTH."""

    def code(ctx, builder, signature, args):
        there = _pointer(ctx, builder, array, *args[:2], NUMBERS)
        builder.store(broadcast(builder, args[2]), there).align = 8 * WIDTH
        return ctx.get_dummy_value()

    return types.void(array, types.int64, value), code


@intrinsic
def record_bytes(context, array):
    """Return the length of a record in an array."""
    length = RECORD * (array.dtype.bitwidth // 8)

    def code(ctx, builder, signature, args):
        return ir.Constant(WORD, length)

    return types.int64(array), code


def _record(context, builder, array_type, array, place):
    """Pointer to the record at a place, in bytes plus ADDRESS_BIAS, and whether it holds float32."""
    data = context.make_array(array_type)(context, builder, array).data
    kind = ir.VectorType(data.type.pointee, RECORD).as_pointer()
    base = builder.sub(builder.ptrtoint(data, WORD), ir.Constant(WORD, _EXPONENT))
    return builder.inttoptr(builder.add(base, place), kind), isinstance(data.type.pointee, ir.FloatType)


@intrinsic
def addresses(context, array, i):
    """Return WIDTH addresses of records, in bytes plus ADDRESS_BIAS, from number i of an array on."""

    def code(ctx, builder, signature, args):
        first = _pointer(ctx, builder, array, *args, WORD)
        out = [builder.load(builder.gep(first, [ir.Constant(WORD, n)])) for n in range(WIDTH)]
        return ctx.make_tuple(builder, signature.return_type, out)

    return types.UniTuple(types.int64, WIDTH)(array, types.int64), code


@intrinsic
def prefetch(context, array, at):
    """Ask memory for the records at some addresses, to have them in the cache when they are read."""

    def code(ctx, builder, signature, args):
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, SHORT, SHORT, SHORT])
        ask = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        for n in range(WIDTH):
            there, _ = _record(ctx, builder, array, args[0], builder.extract_value(args[1], n))
            builder.call(ask, [builder.bitcast(there, byte), *(ir.Constant(SHORT, k) for k in (0, 3, 1))])
        return ctx.get_dummy_value()

    return types.void(array, at), code


def _columns_of_four(builder, halves):
    """The eight vectors of 4 numbers that lie across four records. halves: (first 4 numbers, last 4) of each."""
    a, b, c, d = (shuffle(builder, *both, list(range(RECORD))) for both in halves)
    low, high = [0, 8, 1, 9, 4, 12, 5, 13], [2, 10, 3, 11, 6, 14, 7, 15]
    twos = [(shuffle(builder, a, b, k), shuffle(builder, c, d, k)) for k in (low, high)]
    near, far = [0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]
    eights = [shuffle(builder, *two, k) for two in twos for k in (near, far)]
    return [shuffle(builder, e, e, list(range(k, k + 4))) for k in (0, 4) for e in eights]


def _columns_of_eight(builder, halves):
    """The eight vectors of 8 numbers that lie across eight records.

    Halves of records n and n + 4 are put together as they are loaded, which leaves 16 shuffles for 8 x 8 numbers,
    half of what whole records take: there is one port for them.
    """
    out = []
    for half in (0, 1):
        a, b, c, d = (
            shuffle(builder, halves[n][half], halves[n + 4][half], list(range(8))) for n in range(4)
        )
        low, high = [0, 8, 2, 10, 4, 12, 6, 14], [1, 9, 3, 11, 5, 13, 7, 15]
        twos = [(shuffle(builder, a, b, k), shuffle(builder, c, d, k)) for k in (low, high)]
        near, far = [0, 1, 8, 9, 4, 5, 12, 13], [2, 3, 10, 11, 6, 7, 14, 15]
        out += [shuffle(builder, *two, k) for k in (near, far) for two in twos]
    return out


def _half(record):
    """The type of a pointer to half of a record."""
    return ir.VectorType(record.type.pointee.element, RECORD // 2).as_pointer()


@intrinsic
def records(context, array, at, b):
    """Return eight vectors of the records b after some addresses: all first numbers, all second ones, ..."""

    def code(ctx, builder, signature, args):
        halves = []
        for n in range(WIDTH):
            there, single = _record(ctx, builder, array, args[0], builder.extract_value(args[1], n))
            first = builder.bitcast(builder.gep(there, [args[2]]), _half(there))
            loads = [builder.load(builder.gep(first, [ir.Constant(WORD, k)])) for k in (0, 1)]
            for loaded in loads:
                loaded.align = 4 if single else 8
            halves.append(loads)
        out = (_columns_of_four if WIDTH == 4 else _columns_of_eight)(builder, halves)
        if single:
            out = [builder.fpext(v, NUMBERS) for v in out]
        return ctx.make_tuple(builder, signature.return_type, out)

    return types.UniTuple(VECTOR, RECORD)(array, at, types.int64), code


if config.DISABLE_JIT:

    def fma(a, b, c):
        return a * b + c

    def where(condition, a, b):
        return np.where(condition, a, b)[()]

    def floor(a):
        return np.floor(a)

    def minimum(a, b):
        return where(a < b, a, b)

    def maximum(a, b):
        return where(a > b, a, b)

    def two_to(k):
        return np.ldexp(1.0, np.asarray(k - 1.5 * 2.0**52).astype(int))

    def bits(mask):
        return sum(int(m) << n for n, m in enumerate(mask))

    def total(a):
        while a.size > 1:
            a = a[: a.size // 2] + a[a.size // 2 :]
        return a[0]

    def totals(a, b):
        return total(a), total(b)

    def load(array, i):
        return array[i : i + WIDTH].copy()

    def store(array, i, value):
        array[i : i + WIDTH] = value

    def record_bytes(array):
        return RECORD * array.itemsize

    def addresses(array, i):
        return (array[i : i + WIDTH] - ADDRESS_BIAS).astype(np.int64)

    def prefetch(array, at):
        pass

    def records(array, at, b):
        return tuple(array.reshape(-1, RECORD)[at // record_bytes(array) + b].astype(np.float64).T)
