"""An evaluation from data to all its results."""

from __future__ import annotations

from craton.decide.evaluation_answer import Places, Result, Support
from craton.decide.evaluation_data import Taken
from craton.decide.evaluation_draws import robust
from craton.decide.evaluation_further import further
from craton.decide.evaluation_plan import Plan
from craton.decide.evaluation_work import Work, work
from craton.model.errors import ContractError, InvalidError
from craton.process import progress


def carried_out(id: str, plan: Plan, taken: Taken) -> Work:
    """Scores of units; what cannot be worked out is refused as the pack or the data of process `id`."""
    try:
        return work(plan, taken.units)
    except ContractError:
        raise
    except InvalidError as error:
        raise _refused(id, error) from error


def _refused(id: str, error: InvalidError) -> ContractError:
    allowed = "a pack that these data can be judged by"
    return ContractError(id, "pack", allowed, f"so: {error.message}", hint=error.hint)


def results(
    id: str, done: Work, taken: Taken, places: Places, support: Support, draws: int | None, seed: int
) -> Result:
    """Everything beyond the scores: draws, frontier, problems."""
    count = done.plan.pack.uncertainty.draws if draws is None else draws
    told = robust(done, count, seed)
    progress.report(0.9, "results")
    try:
        more = further(done, places.areas)
        done.answers  # noqa: B018 - worked out here, where what is refused gets its place
    except ContractError:
        raise
    except InvalidError as error:
        raise _refused(id, error) from error
    return Result(done, taken.found, places, told, more, seed, support)
