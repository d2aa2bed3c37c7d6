"""The report as Markdown, for the documentation."""

from __future__ import annotations

from zoograph.training.studies.reliability.report import ALL, Group, Reliability, Share

HEADINGS = (
    "group",
    "collection",
    "cells",
    "coverage (95 %)",
    "drawn",
    "width",
    "worst dataset",
    "below .5",
    "rankings",
    "regret stated",
    "with noise",
    "measured (95 %)",
    "best stated",
    "with noise",
    "measured (95 %)",
)
NOTES = (
    "Coverage: share of measured accuracies inside their 90 % intervals. Its own interval is a bootstrap over whole "
    "families of datasets, models, domains or collections, whichever gives the widest; 'drawn' says how many.",
    "Regret and best: of the model that is named first. 'stated' is what `recommend` prints, of true accuracies; "
    "measured ones have noise, so that 'with noise' is what they are to be held against.",
)


def cells(group: Group) -> list[str]:
    """Return one group as text, in the order of :data:`HEADINGS`."""
    name, worst = group.collection, "–" if group.worst is None else f"{group.worst[0]} {group.worst[1]:.2f}"
    start = [
        group.group,
        f"**{name}**" if name == ALL else name,
        f"{group.num_cells:,}",
        _share(group.coverage, 2),
        f"{group.coverage.num_units} {group.coverage.units}" if group.coverage.units else "–",
        f"{group.width:.3f}",
        worst,
        f"{group.below_half} of {group.num_datasets}",
        f"{group.num_rankings:,}",
    ]
    if group.actual_regret is None or group.actual_best is None:
        return [*start, *("–",) * 6]
    return [
        *start,
        f"{group.stated_regret:.4f}",
        f"{group.stated_measured_regret:.4f}",
        _share(group.actual_regret, 4),
        f"{group.stated_best:.2f}",
        f"{group.stated_measured_best:.2f}",
        _share(group.actual_best, 2),
    ]


def to_markdown(report: Reliability) -> str:
    """Return the table of groups, the bins, and what could not be asked."""
    lines = ["## Stated and true, by group", "", *NOTES, "", _row(HEADINGS), _row(["---"] * len(HEADINGS))]
    lines += [_row(cells(group)) for group in report.groups]
    lines += ["", "## Statements that are alike", "", _row(("of", "statements", "stated", "measured (95 %)", "drawn"))]
    lines.append(_row(["---"] * 5))
    for found in report.bins:
        drawn = f"{found.actual.num_units} {found.actual.units}" if found.actual.units else "–"
        lines.append(_row((found.of, f"{found.count:,}", f"{found.stated:.4f}", _share(found.actual, 4), drawn)))
    lines += ["", *(f"- {name}: {reason}" for name, reason in report.reasons.items())]
    return "\n".join(lines).rstrip() + "\n"


def _share(share: Share, digits: int) -> str:
    if share.lower is None:
        return f"{share.value:.{digits}f}"
    return f"{share.value:.{digits}f} ({share.lower:.{digits}f} to {share.upper:.{digits}f})"


def _row(parts: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(parts)} |"
