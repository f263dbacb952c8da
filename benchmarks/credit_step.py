"""Time one training step against PyTorch, plain numpy and the machine's own sgemm.

Run ``python benchmarks/credit_step.py``. One thread, single precision, all settling
steps taken (tolerance 0), credit clamped, sigmoid rates. Times are processor time, so
that waiting for a busy machine does not count; contenders take turns in short rounds
within one process, so that what it does to the caches slows all of them alike. Medians
and minima over all calls are shown.

- *ours*: `sims.step.TrainingStep`.
- *PyTorch autograd*: the same settling unrolled, the loss, backward, a step of SGD, as
  it is usually written: one weight matrix, in every product. *PyTorch, drive once* has
  our first saving as well: the inputs' drive is multiplied once, and only what is not
  clamped in every step. Left out where torch is missing.
- *plain numpy*: the pure functions of `sims.credit`, and the rule written down in a
  dozen lines that multiply the whole weight matrix every time.
- *sgemm*: ``np.matmul`` of (batch, hidden) and (hidden, hidden) into memory that is
  there, the product that settling repeats.

The share of the sgemm rate is (operations that the step's products need / time of the
step) / (operations of the sgemm / its time). Counted are two operations for every
sample and pair of neurons: inputs to the others once; all that is not clamped to itself
in every step of the rates but the first, which starts from silence; outputs to hidden
once and hidden to hidden in the remaining steps of the credit; all to all that is not
clamped for the change of the weights. Not counted is what else the step does: rates,
balance functions, the mask, and the checks that all is finite.

``--sparse`` times networks of which only a share of the synapses exists instead
(``--density``, ``--neurons``): `sims.sparse_step.SparseStep`, whose cost follows the
synapses, beside `TrainingStep`, which multiplies the full matrix. The ratio of the two
is of one run, in which they take turns. Then both learn from the same batches, and the
largest difference of a weight is shown beside the largest change of one.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from sims.array_step import ArrayStep
from sims.network import Network, all_to_all
from sims.rule import Rule
from sims.sparse_step import SparseStep
from sims.step import TrainingStep

LEARNING_RATE = 0.1
Contenders = dict[str, Callable[[], object]]


def operations(network: Network, batch: int, steps: int) -> float:
    """Operations that the products of a step need, as said above."""
    hidden, outputs = network.n_hidden, network.n_outputs
    free = hidden + outputs
    pairs = network.n_inputs * free + (steps - 1) * free * free
    pairs += hidden * outputs + (steps - 2) * hidden * hidden
    pairs += network.n_neurons * free
    return 2.0 * batch * pairs


def plain_numpy(
    network: Network, stimulus: np.ndarray, target: np.ndarray, steps: int
) -> Callable[[], None]:
    """The rule in the fewest words: the whole matrix in every product."""
    weights, n_inputs = network.weights.copy(), network.n_inputs
    first_output = network.n_neurons - network.n_outputs

    def step() -> None:
        rates = np.zeros((len(stimulus), network.n_neurons), dtype=weights.dtype)
        for _ in range(steps):
            rates[:, :n_inputs] = stimulus
            rates = 1 / (1 + np.exp(-(rates @ weights)))
        rates[:, :n_inputs] = stimulus
        balance = rates * (1 - rates)
        credit = np.zeros_like(rates)
        for _ in range(steps):
            credit = (credit * balance) @ weights.T
            credit[:, first_output:] = target - rates[:, first_output:]
        change = rates.T @ (credit * balance) / len(stimulus)
        weights[...] += LEARNING_RATE * change * network.mask

    return step


def pytorch_autograd(
    network: Network, stimulus: np.ndarray, target: np.ndarray, steps: int
) -> Contenders:
    """Settling unrolled and differentiated; empty where torch is not installed."""
    try:
        import torch
    except ImportError:
        print("PyTorch is not installed: left out")
        return {}
    torch.set_num_threads(1)
    n_inputs = network.n_inputs
    weights = torch.tensor(network.weights, requires_grad=True)
    mask = torch.tensor(network.mask, dtype=weights.dtype)
    afferent, recurrent = (
        part.clone().detach().requires_grad_()
        for part in (weights[:n_inputs, n_inputs:], weights[n_inputs:, n_inputs:])
    )
    shown, wanted = torch.tensor(stimulus), torch.tensor(target)
    descend = torch.optim.SGD([weights], lr=LEARNING_RATE)
    descend_parts = torch.optim.SGD([afferent, recurrent], lr=LEARNING_RATE)

    def learn(outputs: "torch.Tensor", optimizer: torch.optim.Optimizer) -> None:
        loss = 0.5 * ((wanted - outputs) ** 2).sum() / len(shown)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    def whole() -> None:
        rates = torch.zeros(len(shown), len(weights) - n_inputs)
        for _ in range(steps):
            everyone = torch.cat([shown, rates], dim=1)
            rates = torch.sigmoid(everyone @ weights)[:, n_inputs:]
        learn(rates[:, network.n_hidden :], descend)
        with torch.no_grad():
            weights.mul_(mask)

    def drive_once() -> None:
        constant = shown @ afferent
        rates = torch.sigmoid(constant)
        for _ in range(steps - 1):
            rates = torch.sigmoid(torch.addmm(constant, rates, recurrent))
        learn(rates[:, network.n_hidden :], descend_parts)
        with torch.no_grad():
            recurrent.fill_diagonal_(0)

    return {"PyTorch autograd": whole, "PyTorch autograd, drive once": drive_once}


def contenders(hidden: int, options: argparse.Namespace) -> tuple[Network, Contenders]:
    """Everything that is timed, for one size."""
    n_neurons = options.inputs + hidden + options.outputs
    network = all_to_all(
        n_neurons, n_inputs=options.inputs, n_outputs=options.outputs, gain=0.1, seed=0
    )
    rng = np.random.default_rng(0)
    stimulus = rng.random((options.batch, options.inputs), dtype=np.float32)
    target = rng.random((options.batch, options.outputs), dtype=np.float32)
    settings = {
        "batch_size": options.batch,
        "learning_rate": LEARNING_RATE,
    }
    rule = Rule(settling_steps=options.steps, tolerance=0.0)
    left = rng.random((options.batch, hidden), dtype=np.float32)
    right = rng.random((hidden, hidden), dtype=np.float32)
    product = np.empty_like(left)
    ours = TrainingStep(network, rule, **settings)
    pure = ArrayStep(network, rule, **settings)
    timed: Contenders = {
        "sgemm": lambda: np.matmul(left, right, out=product),
        "ours": lambda: ours(stimulus, target),
    }
    if not options.sizes_only:
        timed["plain numpy, pure functions"] = lambda: pure(stimulus, target)
        timed["plain numpy, whole matrix"] = plain_numpy(
            network, stimulus, target, options.steps
        )
        timed |= pytorch_autograd(network, stimulus, target, options.steps)
    return network, timed


def measure(timed: Contenders, rounds: int, seconds: float) -> dict[str, list[float]]:
    """Processor seconds of every call: short rounds in turn, warmed up by one call."""
    times: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(rounds):
        for name, call in timed.items():
            call()
            end = time.perf_counter() + seconds
            while True:
                start = time.process_time()
                call()
                times[name].append(time.process_time() - start)
                if time.perf_counter() > end:
                    break
    return times


def share_of_sgemm(
    network: Network, times: dict[str, list[float]], options: argparse.Namespace
) -> tuple[float, float]:
    """Rate of our products over that of the sgemm, by medians and by minima."""
    needed = operations(network, options.batch, options.steps)
    reference = 2.0 * options.batch * network.n_hidden**2
    median, least = (
        needed / of(times["ours"]) / (reference / of(times["sgemm"]))
        for of in (statistics.median, min)
    )
    return median, least


def run_sparse(options: argparse.Namespace) -> None:
    """Print times of both steps with few synapses, and how far their weights differ."""
    print(
        "neurons  density  synapses     dense step    sparse step   ratio: medians  "
        "minima   weights differ by  and changed by"
    )
    for n_neurons in options.neurons:
        for density in options.density:
            network = all_to_all(
                n_neurons,
                n_inputs=options.inputs,
                n_outputs=options.outputs,
                density=density,
                seed=0,
            )
            rng = np.random.default_rng(0)
            stimulus = rng.random((options.batch, options.inputs), dtype=np.float32)
            target = rng.random((options.batch, options.outputs), dtype=np.float32)
            rule = Rule(settling_steps=options.steps, tolerance=0.0)
            settings = {"batch_size": options.batch, "learning_rate": LEARNING_RATE}
            steps = {
                "dense": TrainingStep(network, rule, **settings),
                "sparse": SparseStep(network, rule, **settings),
            }
            for _ in range(10):
                for step in steps.values():
                    step(stimulus, target)
            dense, sparse = (step.network().weights for step in steps.values())
            times = measure(
                {name: partial(step, stimulus, target) for name, step in steps.items()},
                max(options.rounds // 4, 3),
                options.seconds,
            )
            median, least = (
                of(times["dense"]) / of(times["sparse"])
                for of in (statistics.median, min)
            )
            middle = [statistics.median(times[name]) * 1e3 for name in steps]
            print(
                f"{n_neurons:7d}{density:9.3f}{int(network.mask.sum()):10d}"
                f"{middle[0]:12.3f} ms{middle[1]:12.3f} ms{median:17.2f}{least:8.2f}"
                f"{np.abs(dense - sparse).max():20.1e}"
                f"{np.abs(dense - network.weights).max():16.1e}",
                flush=True,
            )


def run(options: argparse.Namespace) -> None:
    """Print both tables."""
    if options.sparse:
        run_sparse(options)
        return
    if not options.sizes_only:
        network, timed = contenders(options.hidden, options)
        times = measure(timed, options.rounds, options.seconds)
        ours = times["ours"]
        print(
            f"{network.n_neurons} neurons ({options.inputs} inputs, {options.outputs} "
            f"outputs), batch {options.batch}, {options.steps} + {options.steps} "
            "settling steps, one thread"
        )
        print(f"{'':30}{'median':>9}{'least':>9}{'times ours':>19}")
        for name, found in times.items():
            middle, least = statistics.median(found), min(found)
            ratios = f"{middle / statistics.median(ours):10.2f}{least / min(ours):9.2f}"
            print(f"{name:30}{middle * 1e3:6.3f} ms{least * 1e3:6.3f} ms{ratios}")
        median, least = share_of_sgemm(network, times, options)
        print(f"share of the sgemm rate: {median:.3f} (medians), {least:.3f} (minima)")

    options.sizes_only = True
    if not options.sizes:
        return
    print("\nhidden   step (median)   per hidden^2   share of sgemm: medians  minima")
    for hidden in options.sizes:
        network, timed = contenders(hidden, options)
        times = measure(timed, max(options.rounds // 4, 3), options.seconds)
        middle = statistics.median(times["ours"])
        median, least = share_of_sgemm(network, times, options)
        print(
            f"{hidden:6d}{middle * 1e3:13.3f} ms{middle / hidden**2 * 1e9:12.2f} ns"
            f"{median:26.3f}{least:8.3f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=64)
    parser.add_argument("--hidden", type=int, default=226)
    parser.add_argument("--outputs", type=int, default=10)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--steps", type=int, default=8, help="settling steps of each")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=0.02, help="of each round")
    sizes = [100, 300, 600, 1000, 2000, 3000]
    parser.add_argument("--sizes", type=int, nargs="*", default=sizes)
    parser.add_argument("--sizes-only", action="store_true")
    parser.add_argument("--sparse", action="store_true", help="networks with a mask")
    parser.add_argument("--neurons", type=int, nargs="*", default=[300, 1000, 3000])
    parser.add_argument("--density", type=float, nargs="*", default=[0.02, 0.05, 0.1])
    options = parser.parse_args()
    with threadpool_limits(1):
        run(options)


if __name__ == "__main__":
    main()
