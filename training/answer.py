"""From a question to an answer: names, the predictor, its table, and the cards of newcomers.

The warm path, a known pair and a trained predictor, imports neither torch nor PyG.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from zoograph.data.cards import DatasetCard, ModelCard
from zoograph.data.encoders import DEFAULT_ENCODER, find_encoder
from zoograph.data.errors import ImageFolderError, PredictorError, UnknownName
from zoograph.data.home import get_home, make_home, require_writable
from zoograph.data.names import NameIndex
from zoograph.data.records import Metric, Protocol
from zoograph.data.store import RecordStore
from zoograph.training.artifact import Artifact, load_current, set_aside

Progress = Callable[[int, int], None]
Warn = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """The answer for one dataset; accuracies in [0, 1], ``measured`` is None where there is no record."""

    dataset: str
    predicted: float
    lower: float
    upper: float
    linear_regression: float
    measured: float | None
    measured_runs: int


@dataclass(frozen=True)
class Provenance:
    """Where an answer comes from."""

    version: str
    created_at: str
    age: str
    records: int
    newer_records: int
    encoder: str


@dataclass(frozen=True)
class Answer:
    """Everything that ``predict`` prints.

    Attributes:
        mean: over the rows. Its interval is the mean of the intervals, which holds however the errors of the
            tasks go together; ``measured`` is given only if every row is measured.
        new: models and datasets that the predictor knows by their cards alone.
    """

    model: str
    dataset: str
    protocol: Protocol
    provenance: Provenance
    rows: tuple[Row, ...]
    mean: Row
    new: tuple[str, ...]


def answer_question(
    model: str,
    dataset: str,
    protocol: Protocol | None = None,
    domain: str | None = None,
    encoder: str | None = None,
    progress: Progress | None = None,
    warn: Warn | None = None,
) -> Answer:
    """Answer ``predict --model MODEL --dataset DATASET``, training a predictor if there is none.

    Args:
        model: a name in the store, or one that timm knows.
        dataset: a name or a family in the store, or a folder of images.
        protocol: default: the one that most of the dataset's records have, else a retrained head.
        domain: kind of images in a folder.
        encoder: text encoder; default as shipped.
        progress: called with (steps done, steps in all) while training.
        warn: told what the user should know, such as a damaged predictor that was set aside.

    Raises:
        ZoographError: with what to do next.
    """
    warn = warn or _ignore
    with RecordStore.open() as store:
        names = store.names()
        model_id, model_cards = _find_model(names, model)
        dataset_ids, dataset_cards = find_datasets(names, dataset, domain, warn)
        protocol = protocol or next(iter(store.protocols(dataset_ids)), Protocol.HEAD)
        artifact = current_predictor(store, protocol, encoder, progress, warn)
        answered = [artifact.row(model_id, name) for name in dataset_ids]
        if None in answered or _scored_since(store, artifact, dataset_ids):
            from zoograph.training.fit import predict_from_cards

            pairs = [(model_id, name) for name in dataset_ids]
            answered = list(predict_from_cards(store, artifact, model_cards, dataset_cards, pairs, encoder))
        measured = store.measured(model_id, dataset_ids, protocol)
        rows = []
        for name, values in zip(dataset_ids, answered, strict=True):
            assert values is not None
            known = measured.get(name)
            rows.append(
                Row(
                    name,
                    values["mean"],
                    values["lower"],
                    values["upper"],
                    values["baseline"],
                    known.value if known else None,
                    known.num_runs if known else 0,
                )
            )
        return Answer(
            model_id,
            dataset if len(rows) > 1 else rows[0].dataset,
            protocol,
            get_provenance(store, artifact, protocol),
            tuple(rows),
            _mean(rows),
            tuple(card.id for card in (*model_cards, *dataset_cards)),
        )


def _scored_since(store: RecordStore, artifact: Artifact, datasets: Sequence[str]) -> bool:
    """Return whether ``datasets`` have other scores than when the predictor's table was written."""
    known = artifact.manifest.scores
    return store.score_digests(datasets) != {name: known[name] for name in datasets if name in known}


def current_predictor(
    store: RecordStore,
    protocol: Protocol,
    encoder: str | None = None,
    progress: Progress | None = None,
    warn: Warn | None = None,
) -> Artifact:
    """Return the current predictor of one protocol and encoder; train it if there is none or it is damaged.

    Raises:
        EncoderError: if nobody knows the encoder.
        PredictorError: if the predictor cannot be saved, or a damaged one cannot be moved aside.
        StoreError: if the state folder cannot be written, which is found out before the training.
    """
    root = predictor_root(protocol, encoder)
    try:
        artifact = load_current(root)
    except PredictorError as error:
        artifact = None
        aside = set_aside(root)
        if aside is not None and warn is not None:
            warn(f"{error} It was moved to '{aside}', and a new one is trained.")
    if artifact is not None:
        return artifact
    require_writable(make_home())
    from zoograph.training.fit import train_predictor

    return train_predictor(store, root, protocol, Metric.TOP1, encoder, progress=progress)


def predictor_root(protocol: Protocol, encoder: str | None) -> Path:
    """Return the folder of all versions of one protocol's predictor.

    The weights of a chosen encoder decide, not the name that it was chosen by: a folder whose weights were
    replaced has a predictor of its own.

    Raises:
        EncoderError: if nobody knows the encoder.
    """
    name = "default" if encoder in (None, DEFAULT_ENCODER) else find_encoder(encoder).digest[:12]
    return get_home() / "predictors" / f"{protocol.value}-{name}"


def _find_model(names: NameIndex, model: str) -> tuple[str, tuple[ModelCard, ...]]:
    """Return the model's id, and its card if the store does not know it but timm does."""
    try:
        return names.resolve_model(model), ()
    except UnknownName:
        from zoograph.data.timm_cards import model_card_from_timm, nearest_timm_names

        card = model_card_from_timm(model)
        if card is None:
            return names.resolve_model(model, more_names=lambda: nearest_timm_names(model)), ()
        return card.id, (card,)


def find_datasets(
    names: NameIndex, dataset: str, domain: str | None, warn: Warn
) -> tuple[tuple[str, ...], tuple[DatasetCard, ...]]:
    """Return the datasets' ids, and the card of a folder of images."""
    folder = _as_folder(dataset)
    measured = () if folder is None else names.datasets.get(str(folder.resolve()), ())
    try:
        found = measured or names.resolve_datasets(dataset)
    except UnknownName:
        if folder is None:
            raise
        from zoograph.data.image_folder import dataset_card_from_folder

        card = dataset_card_from_folder(folder, domain=domain)
        if card.id in names.datasets or card.id in names.families:
            # Only its name is known: the answer must not be that of the dataset it shares it with.
            card = card.model_copy(update={"id": str(folder.resolve())})
        return (card.id,), (card,)
    if folder is not None and not measured:
        warn(f"'{dataset}' is a known dataset, and a folder here: for the folder, give './{dataset}'.")
    if domain is not None:
        warn(f"The domain '{domain}' is not used: '{dataset}' is a known dataset, with a domain of its own.")
    return found, ()


def _as_folder(dataset: str) -> Path | None:
    """Return the path that ``dataset`` means; None if nothing is there and it does not look like a path.

    Raises:
        ImageFolderError: if it looks like a path that cannot be.
    """
    looks_like_path = dataset.startswith((".", "~", "/")) or dataset.endswith("/")
    try:
        path = Path(dataset).expanduser()
        return path if dataset and (path.exists() or looks_like_path) else None
    except (OSError, RuntimeError) as error:
        if not looks_like_path:
            return None
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise ImageFolderError(f"The dataset '{dataset}' must be a folder (got: {reason}). Check the path.") from error


def get_provenance(store: RecordStore, artifact: Artifact, protocol: Protocol) -> Provenance:
    """Return where an answer of ``artifact`` comes from, and how many records it has not learned from."""
    manifest = artifact.manifest
    return Provenance(
        manifest.version,
        manifest.created_at.isoformat(timespec="seconds"),
        _age((datetime.now(UTC) - manifest.created_at).total_seconds()),
        manifest.num_records,
        max(0, store.count_runs(protocol) - manifest.num_records),
        manifest.encoder,
    )


def _age(seconds: float) -> str:
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        count = int(seconds // size)
        if count > 0:  # clocks of two machines may disagree
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def _ignore(_: str) -> None:
    """Take a warning that nobody asked for."""


def _mean(rows: list[Row]) -> Row:
    def average(values: list[float]) -> float:
        return sum(values) / len(values)

    measured = [row.measured for row in rows if row.measured is not None]
    return Row(
        "mean",
        average([row.predicted for row in rows]),
        average([row.lower for row in rows]),
        average([row.upper for row in rows]),
        average([row.linear_regression for row in rows]),
        average(measured) if len(measured) == len(rows) else None,
        sum(row.measured_runs for row in rows),
    )
