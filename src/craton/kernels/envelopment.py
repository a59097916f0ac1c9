"""Data envelopment: how far units lie behind the frontier that the best of them span, and who spans it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

import numpy as np

from craton.kernels.small_programs import Program, optimum
from craton.kernels.threads import THREADS, share

Model = Literal["input", "output", "slacks"]

EQUAL = 1e-8
"""Part of a number within which a unit counts as on the frontier, and what a peer brings as none."""

FEEBLE = 1e-6
"""Least worth of a slack beside the dearest of its unit: what is worth less, the solver would not see."""

TINY = 1e-12
"""Factor of the outputs that counts as none."""


class Amounts(NamedTuple):
    """What units use up, `inputs` (n, p), and what they give, `outputs` (n, q); none below 0."""

    inputs: np.ndarray
    outputs: np.ndarray


class Envelope(NamedTuple):
    """Units against a frontier; NaN where a unit has no place against it.

    `efficiency` (n,), the `targets` of each unit on the frontier, and its peers: the unit, the peer (place
    among the references) and the weight (k,) of each pair, in the order of the units.
    """

    efficiency: np.ndarray
    targets: Amounts
    unit: np.ndarray
    peer: np.ndarray
    weight: np.ndarray


def envelope(
    units: Amounts, references: Amounts, *, model: Model, variable: bool, apart: bool = False
) -> Envelope:
    """Efficiency of units against the frontier of references, with targets and peers.

    Parameters
    ----------
    units, references : Amounts
        May be the same. Each unit needs an input and an output above 0; with `slacks` all are to be above 0.
    model : str
        `input`: by which factor all inputs can shrink; `output`: the inverse of that by which all outputs can
        grow; `slacks`: Tone's measure of all excesses and shortfalls.
    variable : bool
        Whether returns to scale vary (weights of peers add up to 1, BCC) or are constant (CCR).
    apart : bool
        Whether each unit is left out of its own frontier (super-efficiency); the references are the units.

    Returns
    -------
    Envelope
        Efficiency 1 on the frontier, less within, more beyond it.

    Notes
    -----
    Input: min θ with Xλ + s⁻ = θ x, Yλ − s⁺ = y, λ, s ≥ 0; then, with θ held, the greatest sum of slacks,
    each as a part of the mean of its column, so that units of measure do not matter. Output: max φ with Xλ +
    s⁻ = x, Yλ − s⁺ = φ y; the efficiency is 1/φ. Slacks: min (1 − mean s⁻/x)/(1 + mean s⁺/y), made linear by
    t = 1/(1 + mean s⁺/y). No solution (super-efficiency with variable returns, or zeros that no reference
    has) is NaN, and so is an output that cannot be reached at all, not even in part.

    References
    ----------
    Charnes, A., Cooper, W. W., and Rhodes, E. (1978). Measuring the efficiency of decision making units.
    European Journal of Operational Research 2(6), 429-444. doi:10.1016/0377-2217(78)90138-8

    Banker, R. D., Charnes, A., and Cooper, W. W. (1984). Some models for estimating technical and scale
    inefficiencies in data envelopment analysis. Management Science 30(9), 1078-1092.
    doi:10.1287/mnsc.30.9.1078

    Tone, K. (2001). A slacks-based measure of efficiency in data envelopment analysis. European Journal of
    Operational Research 130(3), 498-509. doi:10.1016/S0377-2217(99)00407-5
    """
    means = means_of(references)
    return by_unit(units, lambda place: _judged(units, references, means, place, model, variable, apart))


def means_of(references: Amounts) -> np.ndarray:
    """Mean (p + q,) of each column, by which its slacks are measured; 1 where all is 0."""
    means = np.concatenate([references.inputs.mean(axis=0), references.outputs.mean(axis=0)])
    return np.where(means == 0, 1.0, means)


class Judged(NamedTuple):
    """One unit: its efficiency, target (p + q,), and the places and weights (k,) of its peers."""

    efficiency: float
    target: np.ndarray
    peers: np.ndarray
    weights: np.ndarray


def by_unit(units: Amounts, judge: Callable[[int], Judged]) -> Envelope:
    """Envelope of all units, each judged by itself; the work is shared out."""

    def judged(places: Iterable[int]) -> list[Judged]:
        return [judge(place) for place in places]

    blocks = np.array_split(np.arange(len(units.inputs)), THREADS)
    return _gathered([one for block in share(judged, blocks) for one in block], units.inputs.shape[1])


def scale_of(own: np.ndarray, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What each amount (p + q,) of a unit is measured by, and what a slack of that size is worth."""
    size = np.where(own > 0, own, means)
    worth = size / means
    return size, np.maximum(worth / worth.max(), FEEBLE)


def nowhere(amounts: int) -> Judged:
    """A unit without a place against the frontier."""
    return Judged(np.nan, np.full(amounts, np.nan), np.empty(0, np.int64), np.empty(0))


def peers_of(weights: np.ndarray, spanned: np.ndarray) -> np.ndarray:
    """Places of the weights (n,) of references (p + q, n) that bring more than rounding to the target."""
    brought = weights * spanned.max(axis=0)
    return np.flatnonzero(brought > EQUAL * brought.max())


def _judged(
    units: Amounts,
    references: Amounts,
    means: np.ndarray,
    place: int,
    model: Model,
    variable: bool,
    apart: bool,
) -> Judged:
    own = np.concatenate([units.inputs[place], units.outputs[place]])
    inputs = units.inputs.shape[1]
    places = np.arange(len(references.inputs))
    places = np.delete(places, place) if apart else places
    size, worth = scale_of(own, means)
    spanned = np.vstack([references.inputs[places].T, references.outputs[places].T]) / size[:, None]
    if model == "slacks":
        program = _by_slacks(spanned, inputs, variable)
    else:
        program = _radial(spanned, own / size, worth, inputs, model == "input", variable)
    found = optimum(program)
    if found is None or (model == "output" and found[places.size] <= TINY):
        return nowhere(own.size)
    weights, factor = found[: places.size], found[places.size]
    weights = weights / factor if model == "slacks" else weights
    value = float(program.costs[0] @ found)
    there = peers_of(weights, spanned)
    efficiency = 1.0 / -value if model == "output" else value
    return Judged(efficiency, (spanned @ weights) * size, places[there], weights[there])


def _radial(
    spanned: np.ndarray, own: np.ndarray, worth: np.ndarray, inputs: int, shrink: bool, variable: bool
) -> Program:
    """Program in the weights, the factor θ or φ, and the slacks; rows are the inputs, outputs and the sum."""
    rows, count = spanned.shape
    scaled = np.arange(rows) < inputs if shrink else np.arange(rows) >= inputs
    sign = np.where(np.arange(rows) < inputs, 1.0, -1.0)
    factor = np.where(scaled, -own, 0.0)[:, None]
    matrix, right = np.hstack([spanned, factor, np.diag(sign)]), np.where(scaled, 0.0, own)
    if variable:
        matrix = np.vstack([matrix, np.arange(matrix.shape[1]) < count])
        right = np.append(right, 1.0)
    costs = np.zeros((2, matrix.shape[1]))
    costs[0, count] = 1.0 if shrink else -1.0
    costs[1, count + 1 :] = -worth
    return Program(matrix, right, costs)


def _by_slacks(spanned: np.ndarray, inputs: int, variable: bool) -> Program:
    """Program in the weights, t, and the slacks as parts of the unit's own amounts, times t."""
    rows, count = spanned.shape
    outputs = rows - inputs
    sign = np.where(np.arange(rows) < inputs, 1.0, -1.0)
    matrix = np.hstack([spanned, np.full((rows, 1), -1.0), np.diag(sign)])
    total = np.concatenate([np.zeros(count), [1.0], np.zeros(inputs), np.full(outputs, 1.0 / outputs)])
    matrix, right = np.vstack([matrix, total]), np.append(np.zeros(rows), 1.0)
    if variable:
        matrix = np.vstack([matrix, np.concatenate([np.ones(count), [-1.0], np.zeros(rows)])])
        right = np.append(right, 0.0)
    costs = np.zeros((2, matrix.shape[1]))
    costs[0, count], costs[0, count + 1 : count + 1 + inputs] = 1.0, -1.0 / inputs
    costs[1, count] = -1.0
    return Program(matrix, right, costs)


def _gathered(judged: list[Judged], inputs: int) -> Envelope:
    efficiency = np.array([one.efficiency for one in judged])
    efficiency[np.abs(efficiency - 1.0) <= EQUAL] = 1.0
    targets = np.array([one.target for one in judged])
    unit = np.repeat(np.arange(len(judged)), [one.peers.size for one in judged])
    peer = np.concatenate([one.peers for one in judged])
    weight = np.concatenate([one.weights for one in judged])
    return Envelope(efficiency, Amounts(targets[:, :inputs], targets[:, inputs:]), unit, peer, weight)


def on_frontier(units: Amounts, found: Envelope) -> np.ndarray:
    """Whether a unit (n,) lies on the frontier and has nothing to save or to add in any single amount."""
    still = [
        np.abs(own - target) <= 100 * EQUAL * np.where(own > 0, own, own.mean(axis=0))
        for own, target in zip(units, found.targets, strict=True)
    ]
    return np.asarray((found.efficiency >= 1.0) & np.hstack(still).all(axis=1))


class Change(NamedTuple):
    """Parts (n,) of a change in productivity, above 1 for better; the first is the next two multiplied."""

    malmquist: np.ndarray
    efficiency: np.ndarray
    technical: np.ndarray
    pure: np.ndarray
    scale: np.ndarray


def malmquist(before: Amounts, after: Amounts, first: Amounts, second: Amounts) -> Change:
    """Malmquist index of units between two periods.

    Parameters
    ----------
    before, after : Amounts
        The same units in both periods.
    first, second : Amounts
        What spans the frontier of each period.

    Notes
    -----
    With the output distances D (1/φ at constant returns): efficiency = D²(after)/D¹(before), technical =
    √(D¹(after)/D²(after) · D¹(before)/D²(before)), and their product. `pure` is the first with variable
    returns, `scale` the quotient of both.

    References
    ----------
    Färe, R., Grosskopf, S., Norris, M., and Zhang, Z. (1994). Productivity growth, technical progress, and
    efficiency change in industrialized countries. American Economic Review 84(1), 66-83.
    """

    def distance(units: Amounts, references: Amounts, variable: bool = False) -> np.ndarray:
        return envelope(units, references, model="output", variable=variable).efficiency

    efficiency = distance(after, second) / distance(before, first)
    later = distance(after, first) / distance(after, second)
    technical = np.sqrt(later * distance(before, first) / distance(before, second))
    pure = distance(after, second, True) / distance(before, first, True)
    return Change(efficiency * technical, efficiency, technical, pure, efficiency / pure)
