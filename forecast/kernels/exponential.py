"""The exponential function for a short array, in loops that the compiler vectorises."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.jit import jit_exact

__all__ = ["exponentials"]

Array = NDArray[Any]

LOG2_E = 1.4426950408889634
# The logarithm of 2 in two parts; the first has few bits, so multiples of it are exact.
LN2_HIGH = 0.693147180369123816490
LN2_LOW = 1.90821492927058770002e-10
# 1/k! for k = 12 ... 2: on |r| <= log(2)/2 the remainder is below 2^-53.
C12, C11, C10 = 2.08767569878681e-09, 2.505210838544172e-08, 2.755731922398589e-07
C9, C8, C7 = 2.755731922398589e-06, 2.48015873015873e-05, 1.984126984126984e-04
C6, C5, C4 = 1.388888888888889e-03, 8.333333333333333e-03, 4.1666666666666664e-02
C3, C2 = 1.6666666666666666e-01, 0.5
LARGEST = 700.0  # exp(700) is still finite; beyond it the answer is cut off


@jit_exact
def exponentials(x: Array, out: Array, bits: Array, powers: Array) -> None:
    r"""Write ``exp(x)`` to `out`, to the last bit or two; all arrays have shape (T,).

    :math:`e^x = 2^k e^r` with :math:`k = \mathrm{round}(x \log_2 e)`: a polynomial for
    :math:`e^r`, and :math:`2^k` written directly as the exponent bits of a double.

    Parameters
    ----------
    x : float array
        Values beyond +-700 count as +-700.
    out : float array
        May be `x` itself.
    bits : int64 array
        Scratch space.
    powers : float array
        The same memory as `bits`, seen as doubles: ``bits.view(np.float64)``.
    """
    for t in range(x.size):
        z = min(max(x[t], -LARGEST), LARGEST)
        k = np.floor(z * LOG2_E + 0.5)
        r = (z - k * LN2_HIGH) - k * LN2_LOW
        p = C12
        p = p * r + C11
        p = p * r + C10
        p = p * r + C9
        p = p * r + C8
        p = p * r + C7
        p = p * r + C6
        p = p * r + C5
        p = p * r + C4
        p = p * r + C3
        p = p * r + C2
        p = p * r + 1.0
        out[t] = p * r + 1.0
        bits[t] = (np.int64(np.int32(k)) + 1023) << 52
    for t in range(x.size):
        out[t] *= powers[t]
