"""The report's drawings: SVG text to stand inside HTML. The only module that imports matplotlib.

A drawing takes its colours from the page (CSS variables and `currentColor`), so that it reads in
light and in dark. Matplotlib knows no such colours: it draws in stand-ins, which are replaced in
its output. The candidate's line is solid and thick, the others are dashed, so no reader depends
on colour. The same report gives the same bytes.
"""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, ScalarFormatter

from sftsec_core.api.domain.objectives import higher_is_better
from sftsec_core.evaluation.report.numbers import DRIFTS, WATCHED_SHARES, metric_title

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from sftsec_core.api.domain import ConfusionMatrix, Curve, EvalReport, ModelScores

INK, GRID = "#010203", "#040506"
SERIES = ("#010101", "#020202", "#030303", "#040404", "#050505")
_PAGE_COLOURS = {INK: "currentColor", GRID: "var(--line)"} | {
    colour: f"var(--series-{number})" for number, colour in enumerate(SERIES, 1)
}
_DASHES: tuple[tuple[int, ...], ...] = ((), (5, 2), (2, 2), (6, 2, 1, 2), (1, 3))
_SMALLEST_FPR = 1e-4
_SHORT_S = 5 * 86400  # of a time axis: the hour counts
_HEAT = (0.0, 0.45, 0.74)
# Keys are literals in matplotlib's own types, which a dict of ours does not satisfy.
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": GRID,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.minor.visible": False,
    "legend.frameon": False,
}


def draw(report: EvalReport) -> dict[str, str]:
    """Draw what the report has curves for.

    Args:
        report: to draw.

    Returns:
        "roc", "pr", "calibration", "cost", "cost_total", "backtest", "learning_curve", "drift",
        "live" and, for more than 12 classes, "confusion", as SVG elements; what cannot be drawn is
        left out.
    """
    models = {"candidate": report.candidate, **report.others}
    drawings: dict[str, str] = {}
    with mpl.rc_context(_STYLE):
        if "roc" in report.candidate.curves:
            drawings["roc"] = _roc(models)
            drawings["pr"] = _pr(models)
        if "calibration" in report.candidate.curves:
            drawings["calibration"] = _calibration(report.candidate)
        if "models" in (cost := report.sections.get("cost", {})):
            drawings |= _cost(cost)
        if "periods" in (rolled := report.sections.get("backtest", {})):
            drawings["backtest"] = _backtest(rolled)
        if "recipes" in (learnt := report.sections.get("learning_curve", {})):
            drawings["learning_curve"] = _learning_curve(learnt)
        if "figures" in (watched := report.sections.get("watched", {})):
            drawings |= _drift(watched["figures"])
        if len(report.candidate.confusion.labels) > 12:
            drawings["confusion"] = _confusion(report.candidate.confusion)
    return drawings


def _roc(models: Mapping[str, ModelScores]) -> str:
    figure, axes = _axes("False-positive rate (log scale)", "Attacks found (recall)")
    axes.set_xscale("log")
    axes.set_xlim(_SMALLEST_FPR, 1)
    for number, (name, scores) in enumerate(models.items()):
        if curve := scores.curves.get("roc"):
            x = np.maximum(curve.x, _SMALLEST_FPR)
            _line(axes, name, number, x, np.asarray(curve.y), steps=True)
    for bound in (0.001, 0.01):
        axes.axvline(bound, color=INK, linewidth=0.6, alpha=0.5)
    axes.set_xticks([1e-4, 1e-3, 1e-2, 1e-1, 1], ["≤0.01%", "0.1%", "1%", "10%", "100%"])
    _legend(axes)
    return _svg(figure, "roc", "ROC curve: attacks found against the false-positive rate")


def _pr(models: Mapping[str, ModelScores]) -> str:
    figure, axes = _axes("Attacks found (recall)", "Alerts that are attacks (precision)")
    axes.set_xlim(0, 1)
    for number, (name, scores) in enumerate(models.items()):
        if curve := scores.curves.get("pr"):
            _line(axes, name, number, np.asarray(curve.x), np.asarray(curve.y))
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    _legend(axes)
    return _svg(figure, "pr", "Precision-recall curve")


def _calibration(scores: ModelScores) -> str:
    figure, axes = _axes("Confidence", "Fraction correct")
    axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, alpha=0.6)
    drawn = (("after", "calibration", "o"), ("before", "calibration_raw", "s"))
    for number, (name, key, marker) in enumerate(drawn):
        curve = scores.curves.get(key)
        if curve is None:
            continue
        axes.scatter(curve.x, curve.y, s=_areas(curve), color=SERIES[number], marker=marker,
                     alpha=0.35, linewidths=0)  # fmt: skip
        _line(axes, name, number, np.asarray(curve.x), np.asarray(curve.y))
    axes.set_xlim(-0.02, 1.02)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    _legend(axes, "upper left")
    return _svg(figure, "calibration", "Calibration before and after temperature scaling")


def _cost(section: Mapping[str, Any]) -> dict[str, str]:
    """Two figures over the hours that alerts take: attacks that are missed, and the total cost."""
    unit = "a week" if section["unit"] == "week" else f"for {section['unit']}"
    models, hour = section["models"], section["minutes_per_alert"] / 60
    used = [model[at] for model in models.values() for at in ("in_use", "cheapest")]
    # Nobody works beyond: the curve's end, where every incident is an alert, is far to the right.
    widest = 1.5 * hour * (max(point["alerts"] for point in used) or section["incidents"])
    highest = 1.5 * max(point["minutes"] for point in used) / 60 or 1
    drawn = (
        ("cost", "missed", 1, "Missed attacks", 1.05 * section["attacks"] or 1),
        ("cost_total", "minutes", 60, "Hours in all", highest),
    )
    drawings = {}
    for key, column, divisor, title, top in drawn:
        figure, axes = _axes(f"Analysts' hours on alerts {unit}", f"{title} {unit}")
        axes.yaxis.set_major_formatter(ScalarFormatter())
        for number, (name, model) in enumerate(models.items()):
            x, y = (np.asarray(model["curve"][each]) for each in ("alerts", column))
            _line(axes, name, number, hour * x, y / divisor)
            point, colour = model["in_use"], SERIES[number % len(SERIES)]
            at = hour * point["alerts"], point[column] / divisor
            axes.scatter(*at, s=60, zorder=20, color=colour)
        axes.set_xlim(0, widest)
        axes.set_ylim(0, top)
        _legend(axes, "upper right")
        drawings[key] = _svg(figure, key, f"{title} against analysts' hours on alerts")
    return drawings


def _backtest(section: Mapping[str, Any]) -> str:
    metric = section["metric"]
    figure, axes = _metric_axes("Period", metric)
    count = len(section["recipes"])
    for number, name in enumerate(section["recipes"]):
        # Beside each other, so that no interval hides another.
        found = [
            (at + 0.12 * (number - (count - 1) / 2), figures[metric])
            for at, period in enumerate(section["periods"], 1)
            if metric in (figures := period.get("models", {}).get(name, {}).get("figures", {}))
        ]
        _with_bounds(axes, name, number, found)
    begins = [period["begin"][:10] for period in section["periods"]]
    axes.set_xticks(range(1, len(begins) + 1), begins, rotation=30, ha="right", fontsize=9)
    axes.set_xlim(0.5, len(begins) + 0.5)
    _legend(axes)
    return _svg(figure, "backtest", f"{metric_title(metric)} on each period of the backtest")


def _learning_curve(section: Mapping[str, Any]) -> str:
    metric = section["metric"]
    figure, axes = _metric_axes("Training labels (log scale)", metric, " on dev")
    axes.set_xscale("log")
    ticks: set[int] = set()
    for number, (name, curve) in enumerate(section["recipes"].items()):
        points = curve["points"]
        ticks |= {point["rows"] for point in points}
        _with_bounds(axes, name, number, [(each["rows"], each) for each in points])
        if law := curve.get("law"):
            last = points[-1]["rows"]
            x = np.geomspace(points[0]["rows"], last + section["more"], 60)
            error = law["floor"] + law["scale"] * x ** -law["exponent"]
            y = 1 - error if higher_is_better(metric) else error
            axes.plot(x, y, color=SERIES[number % len(SERIES)], linewidth=1, linestyle=":")
            ticks.add(last + section["more"])
    shown = sorted(ticks)
    axes.set_xticks(shown, [f"{n:,}" for n in shown], rotation=30, ha="right", fontsize=9)
    axes.minorticks_off()
    _legend(axes)
    return _svg(figure, "learning_curve", f"{metric_title(metric)} on dev against training labels")


def _drift(figures: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, str]:
    """Over time: how far what is scored has moved, and the live model's quality."""
    several = {name: points for name, points in figures.items() if len(points) > 1}
    moved = {name: several[name] for name in DRIFTS if name in several}
    rates = {name: points for name, points in several.items() if name in WATCHED_SHARES}
    drawings = {}
    if moved:
        figure, axes = _over_time("Multiple of the least that counts", moved)
        axes.axhline(1, color=INK, linewidth=0.8, alpha=0.6)
        axes.set_ylim(bottom=0)
        drawings["drift"] = _svg(figure, "drift", "Drift of inputs and scores over time")
    if rates:
        figure, axes = _over_time("Share", rates)
        axes.set_ylim(-0.02, 1.02)
        axes.yaxis.set_major_formatter(PercentFormatter(1))
        drawings["live"] = _svg(figure, "live", "Quality of the live model over time")
    return drawings


def _over_time(y: str, figures: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.6, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set_ylabel(y)
    moments = [_seconds(each) for points in figures.values() for each in points]
    for number, (name, points) in enumerate(figures.items()):
        _with_bounds(axes, metric_title(name), number, [(_seconds(each), each) for each in points])
    ticks = np.linspace(min(moments), max(moments), 5)
    form = "%Y-%m-%d" if ticks[-1] - ticks[0] > _SHORT_S else "%m-%d %H:%M"
    shown = [datetime.fromtimestamp(at, UTC).strftime(form) for at in ticks]
    axes.set_xticks(ticks, shown, rotation=30, ha="right", fontsize=9)
    figure.legend(loc="outside upper left", ncols=2, fontsize=9)
    return figure, axes


def _seconds(point: Mapping[str, Any]) -> float:
    return datetime.fromisoformat(point["at"]).timestamp()


def _with_bounds(
    axes: Axes, name: str, number: int, points: Sequence[tuple[float, Mapping[str, Any]]]
) -> None:
    """A line of figures with their intervals."""
    if not points:
        return
    x = np.array([at for at, _ in points])
    value, low, high = (
        np.array([each[key] for _, each in points], np.float64) for key in ("value", "low", "high")
    )
    colour = SERIES[number % len(SERIES)]
    # An interval of resamples need not hold the figure itself; a figure may have none.
    axes.vlines(x, np.fmin(low, value), np.fmax(high, value), color=colour, linewidth=1.2)
    axes.scatter(x, value, s=28, color=colour, zorder=20)
    _line(axes, name, number, x, value)


def _confusion(confusion: ConfusionMatrix) -> str:
    counts = np.asarray(confusion.counts, dtype=np.float64)
    fractions = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(6.2, 6.2), layout="constrained")
    axes = figure.add_subplot()
    shades = ListedColormap([(*_HEAT, alpha) for alpha in np.linspace(0, 1, 64)])
    axes.imshow(fractions, cmap=shades, vmin=0, vmax=1, interpolation="none")
    axes.grid(visible=False)
    axes.set_xlabel("Predicted class (numbers as in the table of classes)")
    axes.set_ylabel("True class")
    return _svg(figure, "confusion", "Confusion matrix, each row as fractions of its true class")


def _axes(x: str, y: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(5.6, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_ylim(-0.02, 1.02)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    return figure, axes


def _metric_axes(x: str, metric: str, where: str = "") -> tuple[Figure, Axes]:
    figure, axes = _axes(x, f"{metric_title(metric)}{where}")
    if not higher_is_better(metric):
        axes.set_ylim(auto=True)
        axes.yaxis.set_major_formatter(ScalarFormatter())
    return figure, axes


def _line(
    axes: Axes,
    name: str,
    number: int,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    steps: bool = False,
) -> None:
    (line,) = axes.plot(
        x,
        y,
        # A leading underscore would hide the name from the legend.
        label=name.lstrip("_"),
        color=SERIES[number % len(SERIES)],
        linewidth=2.4 if number == 0 else 1.6,
        drawstyle="steps-post" if steps else "default",
        zorder=10 - number,
    )
    if dashes := _DASHES[number % len(_DASHES)]:
        line.set_dashes(dashes)


def _areas(curve: Curve) -> NDArray[np.float64]:
    """Sizes of dots that grow with the rows in a bin."""
    rows = np.asarray(curve.at)
    areas: NDArray[np.float64] = 15 + 150 * np.sqrt(rows / rows.sum())
    return areas


def _legend(
    axes: Axes, place: Literal["lower right", "upper left", "upper right"] = "lower right"
) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc=place)


def _svg(figure: Figure, name: str, description: str) -> str:
    """Write a figure as an SVG element, without a prologue, metadata, or a byte that changes."""
    out = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": f"sftsec-{name}"}):
        figure.savefig(out, format="svg", metadata={"Date": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", svg, flags=re.DOTALL)
    used = set(re.findall(r"#([\w.]+)", svg))
    # Several drawings share one page: keep only the names that are referred to; the salt makes
    # those unlike between drawings.
    svg = re.sub(r' id="([^"]*)"', lambda m: m[0] if m[1] in used else "", svg)
    svg = re.sub(r' (width|height)="[\d.]+pt"', "", svg)
    for stand_in, colour in _PAGE_COLOURS.items():
        svg = svg.replace(stand_in, colour)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{description}" ', 1)
