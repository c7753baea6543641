"""A type of the kernels: WIDTH numbers that take the operators of one, each a machine instruction for all.

Together with the functions of intrinsics.py, which take numbers and vectors alike, one text serves a single
ray and many. The compiler, left to find vectors itself, stored lanes under masks, which is slow, and relocate
records together number by number where eight shuffles do. Without compilation (NUMBA_DISABLE_JIT) NumPy
arrays stand in.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import binding, ir
from numba import config, types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin, models, register_model


def _width() -> int:
    """Return how many numbers a register holds, as NUMBA_CPU_FEATURES has it where that is set."""
    if config.CPU_FEATURES is None:
        wide = binding.get_host_cpu_features().get("avx512f", False)
    else:
        wide = "+avx512f" in config.CPU_FEATURES.split(",")
    return 8 if wide else 4


WIDTH = _width()
"""Numbers in a vector: those of a register. With two registers each, values spilled: slower by a tenth."""
ALL = (1 << WIDTH) - 1
"""All numbers of a vector, as bits."""

NUMBER, WORD, BIT, SHORT = ir.DoubleType(), ir.IntType(64), ir.IntType(1), ir.IntType(32)
NUMBERS = ir.VectorType(NUMBER, WIDTH)


class VectorType(types.Type):
    """WIDTH numbers in float64."""

    def __init__(self) -> None:
        super().__init__(name="Vector")


class MaskType(types.Type):
    """WIDTH truth values."""

    def __init__(self) -> None:
        super().__init__(name="Mask")


VECTOR, MASK = VectorType(), MaskType()


@register_model(VectorType)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, NUMBERS)


@register_model(MaskType)
class _MaskModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, ir.VectorType(BIT, WIDTH))


def broadcast(builder: Any, value: Any) -> Any:
    """A number WIDTH times over; a vector as it is."""
    if isinstance(value.type, ir.VectorType):
        return value
    nothing = ir.Constant(ir.VectorType(value.type, WIDTH), ir.Undefined)
    first = builder.insert_element(nothing, value, ir.Constant(SHORT, 0))
    return shuffle(builder, first, nothing, [0] * WIDTH)


def shuffle(builder: Any, a: Any, b: Any, index: list[int]) -> Any:
    """The numbers of two vectors, counted through, that an index names."""
    return builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(SHORT, len(index)), index))


def _operator(function: Callable[..., Any], count: int, result: types.Type, of: type, code: Any) -> None:
    """Let an operator take vectors, or masks; one of two vectors may be a number."""

    @infer_global(function)
    class _Template(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            kinds = [isinstance(a, of) for a in args]
            fits = all(
                k or (of is VectorType and isinstance(a, types.Float))
                for k, a in zip(kinds, args, strict=True)
            )
            return signature(result, *args) if len(args) == count and any(kinds) and fits else None

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return code(builder, *(broadcast(builder, a) for a in args))

    lower_builtin(function, *[of] * count)(lower)
    if of is VectorType and count == 2:
        lower_builtin(function, VectorType, types.Float)(lower)
        lower_builtin(function, types.Float, VectorType)(lower)


for _function, _name in (
    (operator.add, "fadd"), (operator.sub, "fsub"), (operator.mul, "fmul"), (operator.truediv, "fdiv"),
):  # fmt: skip
    _operator(
        _function, 2, VECTOR, VectorType, lambda builder, a, b, name=_name: getattr(builder, name)(a, b)
    )
for _function, _name in (
    (operator.lt, "<"), (operator.le, "<="), (operator.gt, ">"), (operator.ge, ">="), (operator.eq, "=="),
):  # fmt: skip
    _operator(
        _function, 2, MASK, VectorType, lambda builder, a, b, name=_name: builder.fcmp_ordered(name, a, b)
    )
_operator(operator.neg, 1, VECTOR, VectorType, lambda builder, a: builder.fneg(a))
_operator(operator.and_, 2, MASK, MaskType, lambda builder, a, b: builder.and_(a, b))
_operator(operator.or_, 2, MASK, MaskType, lambda builder, a, b: builder.or_(a, b))
