"""Studies with the verdicts that a test wants."""

from commstruct.study.slopes import SettingRuns, Slope, StudySlopes

RATES = (0.1, 0.3, 1.0)
MEANS = {
    "supported": (0.4, 0.1, -0.3),
    "direction only": (0.4, 0.2, 0.1),
    "opposite": (-0.3, 0.1, 0.4),
    "no evidence": (0.1, 0.1, 0.1),
    "not testable": (),
}


def slope_of(setting, region, verdict, comparison="steps"):
    means = MEANS[verdict]
    is_tested = bool(means)
    change = means[-1] - means[0] if is_tested else float("nan")
    p_value = (0.5 if verdict == "no evidence" else 0.001) if means else float("nan")
    found = Slope(
        setting=setting,
        region=region,
        structure="any",
        measure="diagonal_score",
        comparison=comparison,
        n_seeds=3 * is_tested,
        n_runs=9 * is_tested,
        n_one_module=0,
        slope=change,
        low=change - 0.05,
        high=change + 0.05,
        p_value=p_value,
        by_seed={},
        rates=RATES if is_tested else (),
        means=means,
        intervals=tuple((mean - 0.05, mean + 0.05) for mean in means),
        end_p=(0.01, 0.01),
        adjusted_p=p_value if comparison == "steps" else float("nan"),
    )
    if comparison == "steps":
        assert found.verdict == verdict
    return found


def facts_of(verdicts, regions=("whole", "hidden")):
    """Slopes with these verdicts in every region, alike at equal loss."""
    names = [f"setting {i}" for i in range(len(verdicts))]
    return StudySlopes(
        settings=tuple(
            SettingRuns(
                name=name,
                n_planned=9,
                n_ended=9,
                n_diverged=0,
                learning_rates=RATES,
                learned=dict.fromkeys(RATES, float(verdict != "not testable")),
                scores={
                    (region, "any"): tuple(
                        (rate, seed, mean)
                        for rate, mean in zip(RATES, MEANS[verdict], strict=False)
                        for seed in range(3)
                    )
                    for region in regions
                },
            )
            for name, verdict in zip(names, verdicts, strict=True)
        ),
        slopes=tuple(
            slope_of(name, region, verdict, comparison)
            for region in regions
            for name, verdict in zip(names, verdicts, strict=True)
            for comparison in ("steps", "loss")
        ),
    )
