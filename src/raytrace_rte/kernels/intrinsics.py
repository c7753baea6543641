"""Machine instructions that Python has no word for, so that the same bits come out of every kernel.

Left to itself a compiler fuses a product and a sum here and not there; `fma` is fused everywhere. Without
compilation (NUMBA_DISABLE_JIT) plain Python stands in, for tests.
"""

from __future__ import annotations

import math

from llvmlite import ir
from numba import config, types
from numba.extending import intrinsic

WIDE = 8
"""Numbers that `copy` moves at once: a record."""
TRUE_SIZE = {ir.FloatType: 4, ir.DoubleType: 8}


@intrinsic
def fma(context, a, b, c):
    """Return a b + c, rounded once."""
    number = types.float64
    return number(number, number, number), lambda ctx, builder, signature, args: builder.fma(*args)


@intrinsic
def two_to(context, k):
    """Return 2^n of k = n + 1.5 * 2^52, which holds n in its last bits; n within -1022..1023."""

    def code(ctx, builder, signature, args):
        word = ir.IntType(64)
        bits = builder.shl(builder.bitcast(args[0], word), ir.Constant(word, 52))
        return builder.bitcast(builder.add(bits, ir.Constant(word, 1023 << 52)), ir.DoubleType())

    return types.float64(types.float64), code


def _address(context, builder, array_type, array, index):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.gep(data, [index])


@intrinsic
def copy(context, to, i, source, j):
    """Copy WIDE numbers of an array, from number j on, to another, from i on: two instructions."""

    def code(ctx, builder, signature, args):
        there = _address(ctx, builder, signature.args[0], args[0], args[1])
        here = _address(ctx, builder, signature.args[2], args[2], args[3])
        vector = ir.VectorType(here.type.pointee, WIDE).as_pointer()
        number = builder.load(builder.bitcast(here, vector))
        number.align = TRUE_SIZE[type(here.type.pointee)]
        builder.store(number, builder.bitcast(there, vector)).align = number.align
        return ctx.get_dummy_value()

    return types.void(to, types.int64, source, types.int64), code


@intrinsic
def fetch(context, source, j):
    """Ask memory for an array's number j, to have it in the cache when it is read."""

    def code(ctx, builder, signature, args):
        byte, word = ir.IntType(8).as_pointer(), ir.IntType(32)
        address = builder.bitcast(_address(ctx, builder, signature.args[0], *args), byte)
        kind = ir.FunctionType(ir.VoidType(), [byte, word, word, word])
        ask = builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        builder.call(ask, [address, *(ir.Constant(word, n) for n in (0, 3, 1))])
        return ctx.get_dummy_value()

    return types.void(source, types.int64), code


if config.DISABLE_JIT:

    def fma(a, b, c):
        return a * b + c

    def two_to(k):
        return math.ldexp(1.0, int(k - 1.5 * 2.0**52))

    def copy(to, i, source, j):
        to.reshape(-1)[i : i + WIDE] = source.reshape(-1)[j : j + WIDE]

    def fetch(source, j):
        pass
