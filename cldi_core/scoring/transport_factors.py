"""How the factors of a transport plan are kept while Sinkhorn's iterations run: as they are, or as logarithms."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor, dtype


class Products:
    """The factors of a plan as they are: ``P_ij = x_i · K_ij · y_j`` with ``K = exp(cos / epsilon)``.

    With costs centred on zero, ``K`` is in exp(±1 / epsilon), and potentials that start at 0 stay in ±3 (each is a
    soft minimum of ``-cos`` less the other, and neither moves away from the solution), so ``x`` and ``y`` are in
    exp(±3 / epsilon) times a weight: within float32's exp(±87) from epsilon 0.05 and float64's exp(±708) from 0.01.
    Steps that go further than Sinkhorn's may leave that range for a while: float64 begins at 0.02.
    """

    def __init__(self, epsilon: float, precision: dtype) -> None:
        self.epsilon, self.precision = epsilon, precision

    def enter(self, weights: Tensor) -> Tensor:
        """Numbers as this keeps them; ``leave`` makes numbers of them again."""
        return weights.to(self.precision)

    def kernel(self, cosines: Tensor) -> Tensor:
        """Cosines as ``K``."""
        return (cosines.to(self.precision) / self.epsilon).exp_()

    def sums(self, kernel: Tensor, x: Tensor) -> Tensor:
        """``Σ_i K_ij x_i`` of every pair: (n, g, h), (n, g) → (n, h); a row times a matrix is fast on a CPU."""
        return x[:, None, :].bmm(kernel)[:, 0, :]

    def per(self, x: Tensor, y: Tensor) -> Tensor:
        """``x / y``, where no ``y`` is nothing."""
        return x / y

    def over(self, x: Tensor, y: Tensor) -> Tensor:
        """``x / y``, nothing over nothing is nothing."""
        return x / y.where(y != 0, 1)

    def power(self, x: Tensor, exponent: float) -> Tensor:
        """``x ** exponent``."""
        return x if exponent == 1 else x**exponent

    def times(self, x: Tensor, y: Tensor) -> Tensor:
        """``x · y``."""
        return x * y

    def plus(self, x: Tensor, y: Tensor) -> Tensor:
        """``x + y``."""
        return x + y

    def leave(self, x: Tensor) -> Tensor:
        """The numbers themselves."""
        return x


class Logarithms(Products):
    """The same on logarithms, for an epsilon whose exponentials leave float64's range."""

    def enter(self, weights: Tensor) -> Tensor:
        """Their logarithms."""
        return weights.to(self.precision).log()

    def kernel(self, cosines: Tensor) -> Tensor:
        """``log K``."""
        return cosines.to(self.precision) / self.epsilon

    def sums(self, kernel: Tensor, x: Tensor) -> Tensor:
        """``log Σ_i K_ij x_i`` of every pair."""
        return (kernel + x[:, :, None]).logsumexp(1)

    def per(self, x: Tensor, y: Tensor) -> Tensor:
        """``log (x / y)``, where ``y`` is known."""
        return x - y

    def over(self, x: Tensor, y: Tensor) -> Tensor:
        """``log (x / y)``, nothing over nothing is nothing."""
        return x - y.where(y > -math.inf, 0)

    def power(self, x: Tensor, exponent: float) -> Tensor:
        """``log x ** exponent``."""
        return x * exponent

    def times(self, x: Tensor, y: Tensor) -> Tensor:
        """``log (x · y)``."""
        return x + y

    def plus(self, x: Tensor, y: Tensor) -> Tensor:
        """``log (x + y)``."""
        return x.logaddexp(y)

    def leave(self, x: Tensor) -> Tensor:
        """The numbers of the logarithms."""
        return x.exp()


def domain_of(epsilon: float, device: str) -> Products:
    """What holds the factors of an ``epsilon`` on a device without leaving the range of its floats."""
    import torch  # takes seconds to import

    if epsilon < 0.02:
        return Logarithms(epsilon, torch.float64)
    # float64 makes a score the same to the last bit whatever it is solved beside; a graphics card is slow with it.
    return Products(epsilon, torch.float32 if device != "cpu" and epsilon >= 0.05 else torch.float64)
