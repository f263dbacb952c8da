"""Clamping: does credit die out, explode or settle, and what decides it?"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sims.activation import Array
from sims.credit import CreditMode, balance_of, settle_credit, settle_rates
from sims.experiments.deprivation import deprivation_claims, deprivation_rows, deprive
from sims.experiments.evidence import (
    geometric_band,
    over_seeds,
    share,
)
from sims.experiments.experiment import Claim, Experiment, Numbers
from sims.experiments.retrograde_operator import (
    BORDER,
    Regime,
    carry_back,
    growth,
    retrograde_operators,
    spectral_radii,
)
from sims.experiments.settings import Settings
from sims.network import Network, all_to_all

REGIMES: tuple[Regime, ...] = ("free", "inject", "clamp")
CREDIT_MODES: tuple[CreditMode, ...] = ("inject", "clamp")


def _measure(settings: Settings, seeds: Sequence[int], workers: int) -> dict[str, Any]:
    """Map where credit decays, grows and settles; deprive a network of its inputs.

    All-to-all networks over gains and shares of output neurons. *free*: no external
    credit; a random distribution of credit is iterated. *inject* and *clamp*: external
    credit is added to what the outputs receive, or replaces it. The iterated operator
    is ``W diag(b(h))``, per stimulus, among all neurons that are not inputs (free,
    inject) or among the hidden ones (clamp); its spectral radius predicts the outcome.

    In the second part a network is trained on digits; then its inputs fall silent and
    the external credit ends, while rates, credit and weights evolve step by step.

    Returns
    -------
    dict
        ``map`` (growth per step and radius by regime, gain and share of outputs),
        ``cases`` (how many networks and stimuli had which outcome, by regime),
        ``traces`` (credit by step) and ``deprivation``.
    """
    every_case = over_seeds(
        _map_cases,
        [
            {"gain": gain, "outputs": outputs}
            for gain in settings["gains"]
            for outputs in settings["output_shares"]
        ],
        settings=settings,
        seeds=seeds,
        workers=workers,
    )
    cases = [case for networks in every_case for some in networks for case in some]
    deprived = over_seeds(
        deprive,
        [
            {"activation": name, "rate": rate}
            for name, rate in settings["trained_rates"].items()
        ],
        settings=settings,
        seeds=seeds,
        workers=workers,
    )
    runs = [run for networks in deprived for some in networks for run in some]
    return {
        "map": _mapped(cases, settings),
        "cases": _tallied(cases, settings["excess_balance"]),
        "traces": [
            {"gain": gain, "regime": regime, **_trace(gain, regime, seeds, settings)}
            for regime in ("free", "clamp")
            for gain in settings["trace_gains"]
        ],
        "deprivation": deprivation_rows(runs),
        "excess_balance": settings["excess_balance"],
    }


def _verdict(numbers: Numbers) -> tuple[Claim, ...]:
    """What the numbers say."""
    cases, excess = numbers["cases"], numbers["excess_balance"]
    free, clamp, inject = (cases[regime] for regime in ("free", "clamp", "inject"))
    at_rest, restless = free["rates_settled"], free["rates_unsettled"]
    return (
        Claim(
            name="The spectral radius decides whether free credit dies or grows",
            statement=(
                "Without external credit the distribution decayed or grew as the "
                "spectral radius of W diag(b) predicts in "
                f"{share(free['as_predicted'], free['decided'])} cases; "
                f"{free['decayed']} decayed and {free['grew']} grew."
            ),
            holds=free["as_predicted"] >= 0.99 * free["decided"],
            refuted_by=(
                "More than 1 % of cases that decay at a radius above 1 or grow at one "
                f"below (radii within {BORDER:.2f} of 1 are left out)."
            ),
        ),
        Claim(
            name="Where firing rates are at rest, free credit can only die out",
            statement=(
                "The matched rule iterates the very matrix that decides whether the "
                "rates are stable. So growth without bound is not a second fate of a "
                "resting network: credit grew in "
                f"{share(at_rest['grew'], at_rest['n'])} cases whose rates had settled "
                f"and in {share(restless['grew'], restless['n'])} whose rates had not. "
                f"With a balance function {excess:g} times too large it grew in "
                f"{share(at_rest['grew_with_excess'], at_rest['n'])} settled cases."
            ),
            holds=at_rest["grew"] == 0,
            refuted_by=(
                "A network of matched neurons whose rates settle under plain iteration "
                "and whose free credit grows."
            ),
        ),
        Claim(
            name="Clamped credit settles",
            statement=(
                f"Clamped credit settled in {share(clamp['settled'], clamp['n'])} "
                f"cases, injected credit in {share(inject['settled'], inject['n'])}: "
                "clamping does "
                f"{'' if clamp['settled'] == clamp['n'] else 'not '}always settle. Its "
                "own border, radius 1 among the hidden neurons, predicted the outcome "
                f"in {share(clamp['as_predicted'], clamp['decided'])} cases; in "
                f"{share(clamp['rescued'], clamp['free_grew'])} cases in which free "
                "credit grew clamping let it settle, and in "
                f"{share(clamp['harmed'], clamp['free_decayed'])} in which free credit "
                "decayed clamped credit did not settle."
            ),
            holds=clamp["settled"] == clamp["n"],
            refuted_by=(
                "A case in which clamped credit does not settle refutes the claim as "
                "it stands; that the hidden neurons' radius decides it would be "
                "refuted by settling above 1 or not settling below."
            ),
        ),
        *deprivation_claims(numbers["deprivation"]),
    )


def _settings(full: bool, dale: bool = False) -> Settings:
    """Sizes and constants, for a quick run or for a paper's figure."""
    return {
        "n_neurons": 200 if full else 80,
        "n_inputs": 20,
        "activation": "tanh",
        "gains": [float(g) for g in np.geomspace(0.3, 12, 25 if full else 11)],
        "output_shares": [0.05, 0.2, 0.4, 0.6, 0.8]
        if not full
        else [float(x) for x in np.linspace(0.05, 0.9, 12)],
        "batch": 4,
        "rate_steps": 500,
        "credit_steps": 300,
        "growth_steps": 120,
        "tolerance": 1e-6,
        "excess_balance": 1.5,
        "trace_gains": [0.6, 2.0, 5.0],
        "trace_steps": 40,
        "trained_neurons": 300 if full else 124,
        "training_steps": 4000 if full else 1000,
        "trained_rates": {"sigmoid": 2.0, "tanh": 0.05 if full else 0.1},
        "deprivation_steps": 200,
        "forced_radius": 1.2,
        "dale": dale,
    }


def _map_cases(
    *, gain: float, outputs: float, seed: int, settings: Settings
) -> list[dict[str, Any]]:
    """One record per regime and stimulus of one network."""
    network, stimulus, external = _start(gain, outputs, seed, settings)
    rates = settle_rates(
        network, stimulus, steps=settings["rate_steps"], tolerance=1e-9
    )
    steps, tolerance = settings["credit_steps"], settings["tolerance"]
    settled: dict[str, Any] = {"free": np.zeros(len(stimulus), dtype=bool)}
    with np.errstate(over="ignore", invalid="ignore"):
        for mode in CREDIT_MODES:
            settled[mode] = settle_credit(
                network,
                rates,
                external,
                steps=steps,
                tolerance=tolerance,
                mode=mode,
            ).settled
    records = []
    radii = factors = np.empty(0)
    for regime in REGIMES:
        if regime != "inject":  # whose operator is that of free credit
            operators = retrograde_operators(network, rates, regime)
            radii = spectral_radii(operators)
            factors = growth(operators, steps=settings["growth_steps"], seed=seed)
        records += [
            {
                "gain": gain,
                "outputs": outputs,
                "seed": seed,
                "regime": regime,
                "radius": float(radii[sample]),
                "growth": float(factors[sample]),
                "rates_settled": bool(rates.settled[sample]),
                "settled": bool(settled[regime][sample]),
            }
            for sample in range(len(stimulus))
        ]
    return records


def _start(
    gain: float, outputs: float, seed: int, settings: Settings
) -> tuple[Network, Array, Array]:
    n_free = settings["n_neurons"] - settings["n_inputs"]
    network = all_to_all(
        settings["n_neurons"],
        n_inputs=settings["n_inputs"],
        n_outputs=max(1, round(outputs * n_free)),
        gain=gain,
        activation=settings["activation"],
        seed=seed,
        dtype=np.float64,
        dale=settings["dale"],
    )
    rng = np.random.default_rng(seed)
    stimulus = rng.normal(size=(settings["batch"], network.n_inputs))
    external = rng.normal(size=(settings["batch"], network.n_outputs))
    return network, stimulus, external


def _mapped(cases: Sequence[Mapping[str, Any]], settings: Settings) -> dict[str, Any]:
    """Growth and radius over gain and share of outputs: geometric means over cases."""
    shape = len(settings["output_shares"]), len(settings["gains"])
    answer: dict[str, Any] = {
        "gain": settings["gains"],
        "output_share": settings["output_shares"],
    }
    for regime in REGIMES:
        chosen = [case for case in cases if case["regime"] == regime]
        names = ("growth", "radius", "rates_settled")
        grids = {name: np.zeros(shape) for name in names}
        counts = np.zeros(shape)
        for case in chosen:
            place = (
                settings["output_shares"].index(case["outputs"]),
                settings["gains"].index(case["gain"]),
            )
            counts[place] += 1
            grids["growth"][place] += np.log(case["growth"])
            grids["radius"][place] += np.log(case["radius"])
            grids["rates_settled"][place] += case["rates_settled"]
        answer[regime] = {
            "growth": np.exp(grids["growth"] / counts),
            "radius": np.exp(grids["radius"] / counts),
            "rates_settled": grids["rates_settled"] / counts,
        }
    return answer


def _tallied(cases: Sequence[Mapping[str, Any]], excess: float) -> dict[str, Any]:
    """How often each outcome came, and how often it came as predicted."""
    free = [case for case in cases if case["regime"] == "free"]
    grew_free = [case["growth"] > 1 for case in free]
    clear = [abs(case["radius"] - 1) > BORDER for case in free]
    answer: dict[str, Any] = {
        "free": {
            "n": len(free),
            "decided": sum(clear),
            "as_predicted": sum(
                (case["radius"] > 1) == (case["growth"] > 1)
                for case, far in zip(free, clear, strict=True)
                if far
            ),
            "grew": sum(grew_free),
            "decayed": len(free) - sum(grew_free),
        }
    }
    for name, wanted in (("rates_settled", True), ("rates_unsettled", False)):
        some = [case for case in free if case["rates_settled"] == wanted]
        answer["free"][name] = {
            "n": len(some),
            "grew": sum(case["growth"] > 1 for case in some),
            # the operator is proportional to the balance function
            "grew_with_excess": sum(excess * case["growth"] > 1 for case in some),
        }
    for regime in ("inject", "clamp"):
        some = [case for case in cases if case["regime"] == regime]
        far = [case for case in some if abs(case["radius"] - 1) > BORDER]
        pairs = list(zip(some, grew_free, strict=True))
        answer[regime] = {
            "n": len(some),
            "settled": sum(case["settled"] for case in some),
            "decided": len(far),
            "as_predicted": sum(
                (case["radius"] < 1) == case["settled"] for case in far
            ),
            "free_grew": sum(grew_free),
            "free_decayed": len(free) - sum(grew_free),
            "rescued": sum(case["settled"] and grew for case, grew in pairs),
            "harmed": sum(not case["settled"] and not grew for case, grew in pairs),
        }
    return answer


def _trace(
    gain: float, regime: str, seeds: Sequence[int], settings: Settings
) -> dict[str, Any]:
    """Length of the credit by step, in lengths of the first, over seeds."""
    curves, steps = [], settings["trace_steps"]
    for seed in seeds:
        network, stimulus, external = _start(gain, 0.2, seed, settings)
        rates = settle_rates(
            network, stimulus, steps=settings["rate_steps"], tolerance=1e-9
        )
        balance = balance_of(network, rates)
        credit = np.random.default_rng(seed).normal(size=balance.shape)
        credit[:, : network.n_inputs] = 0
        lengths = []
        for _ in range(steps + 1):
            lengths.append(np.linalg.norm(credit))
            credit = carry_back(network, balance, credit)
            if regime == "clamp":
                credit[:, network.outputs] = external
        curves.append(np.array(lengths) / lengths[0])
    return {"step": list(range(steps + 1)), "credit": geometric_band(curves)}


clamping = Experiment(
    name="clamping",
    question=(
        "Without external credit, does the distribution of credit die out or grow "
        "without bound, and does clamping it at the outputs let it settle?"
    ),
    title="When credit dies out, explodes or settles",
    caption=(
        "What becomes of credit. (a, b) Factor by which a distribution of credit "
        "changes per step, without external credit and with credit clamped at the "
        "outputs; blue decays, red grows; black, predicted border (spectral radius 1), "
        "in (a) that of injected credit too. "
        "(c) Length of the credit at three gains; the bands for clamped credit start "
        "from the same random distribution. (d, e) Trained networks whose inputs and "
        "external credit end at step 0, one line per seed: matched balance function, "
        "and one so strong that the predicted radius is above 1, with the weights held "
        "and with the weights learning. (f) How far the recurrent weights of the "
        "matched networks move, in percent of their length."
    ),
    settings=_settings,
    measure=_measure,
    verdict=_verdict,
)
