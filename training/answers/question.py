"""From names and folders to a question: the ids and cards that it is about, the protocol and the metric."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zoograph.data.errors import ImageFolderError, UnknownName, ZoographError
from zoograph.data.files.counts import count_of
from zoograph.data.networks.find_model import (
    FoundModel,
    bare_architecture,
    explain_name,
    find_model,
    find_others,
    require_reader,
)
from zoograph.data.records.cards import CARD_SUFFIXES, DatasetCard, Modality, ModelCard
from zoograph.data.records.naming.choices import choose
from zoograph.data.records.naming.names import NameIndex
from zoograph.data.records.records import ACCURACIES, Metric, Protocol
from zoograph.data.store.store import RecordStore
from zoograph.data.tasks.sources import holds_dataset, identify_local, is_local, modality_of, read_local_card
from zoograph.data.tasks.task import TaskError
from zoograph.data.text.words import says_nothing
from zoograph.training.candidates.protocols import can_do
from zoograph.training.runtime.progress import Stage, Warn, ignore

STORED = "dataset:"
"""Before a name: the dataset of the store, also where a folder of that name exists."""

_FEWEST = 20  # records of a modality without which nobody can be asked


@dataclass(frozen=True)
class Question:
    """What is asked of a predictor.

    Attributes:
        model: id of the model; None where models are ranked.
        dataset: id of the dataset, or the family's name as it was given.
        tasks: ids of the datasets that it stands for.
        relatives: ids of all datasets of the families of the tasks, the tasks included.
        protocol: how the model is transferred.
        metric: what is predicted.
        modality: what the samples of the tasks are.
        models: card of the model if the store does not know it.
        datasets: card of a folder or a table that the store does not know, or of a card file.
        meaning: which weights the name of the model was taken for, in a sentence; None if the name says so itself.
    """

    model: str | None
    dataset: str
    tasks: tuple[str, ...]
    relatives: tuple[str, ...]
    protocol: Protocol
    metric: Metric
    modality: str
    models: tuple[ModelCard, ...]
    datasets: tuple[DatasetCard, ...]
    meaning: str | None = None


def require_name(model: str) -> None:
    """Raise unless one model is named.

    Raises:
        TypeError: if it is no name.
    """
    if not isinstance(model, str):
        raise TypeError(f"'model' must be the name of one model (got {model!r}).")


def name_of(dataset: str | os.PathLike[str] | DatasetCard) -> str | DatasetCard:
    """Return a dataset as it is asked about: a path in words, a name or a card as it is.

    Raises:
        TypeError: if it is something else.
    """
    if isinstance(dataset, os.PathLike):
        return os.fspath(dataset)
    if not isinstance(dataset, str | DatasetCard):
        raise TypeError(f"'dataset' must be a name, a path or a card (got {dataset!r}).")
    return dataset


def ask(
    store: RecordStore,
    model: str | None,
    dataset: str | os.PathLike[str] | DatasetCard,
    protocol: Protocol | str | None = None,
    domain: str | None = None,
    warn: Warn | None = None,
    stage: Stage | None = None,
    metric: Metric | str | None = None,
    *,
    anywhere: bool = True,
) -> Question:
    """Return the question that names and folders mean.

    Args:
        store: knows the names.
        model: a name in the store, or one that timm knows; None where models are ranked.
        dataset: see :func:`find_datasets`.
        protocol: default: of those that can be done with the model, the one that most of the dataset's records have,
            else a retrained head.
        domain: kind of images or texts in a folder.
        warn: told what the user should know.
        stage: told what is being done.
        metric: default: the one that most of the dataset's records have, else top-1 accuracy.
        anywhere: whether a model may be looked for in folders and on the hub.

    Raises:
        ZoographError: if a name is not known, with the nearest ones, if a folder is no dataset, or if the model does
            not read what the dataset is made of.
        TypeError: if the dataset is no name, path or card.
    """
    dataset = name_of(dataset)
    wanted = (
        None if protocol is None else choose(Protocol, protocol),
        None if metric is None else choose(Metric, metric),
    )
    domain = None if domain is None else domain.lower()  # as cards have it
    names = store.names(model)
    found = None if model is None else _find_one_model(names, model, anywhere)
    tasks, datasets = find_datasets(names, dataset, domain, warn, stage)
    _warn_of_labels(datasets, warn or ignore)
    name = dataset if isinstance(dataset, str) else dataset.id
    known = () if datasets else store.find_cards(datasets=tasks)[1]
    if domain is not None and any(card.domain != domain for card in known):
        (warn or ignore)(f"The domain '{domain}' is not used: '{name}' is a known dataset, with a domain of its own.")
    modality = _modality_of(name, datasets or known)
    card = None if found is None else found.card or store.find_cards([found.id])[0][0]
    kind = choose_kind(store, tasks, *wanted, modality, card)
    if isinstance(dataset, str) and kind[1] in ACCURACIES:
        _require_classes(dataset)
    meaning = None
    if model is not None and found is not None:
        found, meaning = _choose_weights(store, model, found, tasks, *kind)
        require_reader(found.card or store.find_cards([found.id])[0][0], name, modality)
    relatives = {name for members in names.families.values() if set(members) & set(tasks) for name in members}
    return Question(
        None if found is None else found.id,
        name.removeprefix(STORED) if len(tasks) > 1 else tasks[0],
        tasks,
        tuple(sorted({*tasks, *relatives})),
        *kind,
        modality,
        () if found is None else found.cards,
        datasets,
        meaning,
    )


def _find_one_model(names: NameIndex, model: str, anywhere: bool) -> FoundModel:
    """Return the model that a name means; of several names, or a pattern, say that it is one that is asked about."""
    try:
        return find_model(names, model, anywhere=anywhere)
    except UnknownName as error:
        if not set(model) & set(",*?["):
            raise
        hint = "One model is asked about here; 'zoograph recommend --models' takes several, and patterns."
        raise UnknownName(error.kind, error.name, error.nearest, hint) from error


def choose_kind(
    store: RecordStore,
    tasks: Sequence[str],
    protocol: Protocol | None = None,
    metric: Metric | None = None,
    modality: str = Modality.IMAGE.value,
    model: ModelCard | None = None,
) -> tuple[Protocol, Metric]:
    """Return what is asked of ``tasks``: what is given, and for the rest what most of their records have.

    A protocol that is not given is one that can be done with the ``model``, or that was done with it there, if they
    have such records. Where no record has what is given, the rest is what most of all their records have; where there
    is none at all, it is the top-1 accuracy of a retrained head for images. For others it is what most records of their
    modality have where hardly any is of what theirs have.
    """
    ways = [way[:2] for way in store.ways_measured(tasks)]
    if model is not None and protocol is None:
        ways = [way for way in ways if can_do(model, way[0]) or store.measured(model.id, tasks, *way)] or ways
    if modality != Modality.IMAGE:
        counts = {way[:2]: count for way, count in store.ways_measured().items() if way[2] == modality}
        ways = [way for way in ways if counts.get(way, 0) >= _FEWEST] or list(counts)
    fitting = [way for way in ways if protocol in (None, way[0]) and metric in (None, way[1])]
    usual = next(iter([*fitting, *ways]), (Protocol.HEAD, Metric.TOP1))
    return protocol or usual[0], metric or usual[1]


def _choose_weights(
    store: RecordStore, name: str, found: FoundModel, tasks: Sequence[str], protocol: Protocol, metric: Metric
) -> tuple[FoundModel, str | None]:
    """Return the weights that are asked about, and the sentence that says so.

    A bare architecture is timm's default weights, unless these were never measured on the tasks, and of all other
    published weights of the architecture exactly one was.
    """
    architecture = bare_architecture(name)
    meaning = None if name == found.id else explain_name(name, found.id)
    if architecture is None or found.id.partition(".")[0] != architecture or name == found.id:
        return found, meaning
    measured = store.measured_models(tasks, protocol, metric)
    others = find_others(found.id, architecture, measured)
    if len(others) != 1 or any(card.id == found.id for card in measured):
        return found, meaning
    return FoundModel(others[0].id), (
        f"This is about '{others[0].id}', the weights of that name that were measured there. "
        f"timm loads others by that name: for those, give '{found.id}'."
    )


def _warn_of_labels(cards: Sequence[DatasetCard], warn: Warn) -> None:
    """Say where most class names mean nothing to the text encoder, so that the answer is made without them."""
    for card in cards:
        unread = [label for label in card.labels if says_nothing(label)]
        if unread and 2 * len(unread) >= len(card.labels):
            warn(
                f"{len(unread):,} of {count_of(len(card.labels), 'class name')}, such as '{unread[0]}', say nothing to "
                "the text encoder, which reads English. Classes with English names make a surer answer."
            )


def _modality_of(dataset: str, cards: Sequence[DatasetCard]) -> str:
    """Return what the samples of all ``cards`` are.

    Raises:
        ZoographError: if they are not of one kind.
    """
    kinds = sorted({card.modality for card in cards})
    if len(kinds) > 1:
        raise ZoographError(f"'{dataset}' must be of one modality (got {', '.join(kinds)}). Ask about one dataset.")
    return kinds[0]


def find_datasets(
    names: NameIndex,
    dataset: str | DatasetCard,
    domain: str | None = None,
    warn: Warn | None = None,
    stage: Stage | None = None,
) -> tuple[tuple[str, ...], tuple[DatasetCard, ...]]:
    """Return the datasets' ids, and the card of a folder, a table or a card file that the store does not know.

    A folder that exists is that folder, whatever the store calls by its name; ``dataset:`` before a name asks for the
    stored one. A folder that was measured is known again by its content. A file of YAML or JSON is
    a card, see :mod:`zoograph.data.ingest.formats.card_files`.

    Args:
        names: of the store.
        dataset: a name or a family in the store, a folder of images or texts, a table of texts, a card file,
            or a card.
        domain: kind of images or texts in a folder, or of a card that does not say.
        warn: told if a name could have meant something else.
        stage: told that samples are counted.
    """
    if isinstance(dataset, DatasetCard):
        return (dataset.id,), (_check_card(names, _complete(dataset), "of the dataset", domain),)
    warn = warn or ignore
    folder = _as_folder(dataset)
    if _is_card_file(dataset, folder):
        card = _read_card(names, Path(dataset).expanduser(), domain)
        return (card.id,), (card,)
    if folder is not None and folder.exists() and holds_dataset(folder):
        id, cards = _find_folder(names, dataset, folder, domain, warn, stage or ignore)
        found: tuple[str, ...] = (id,)
    else:
        found, cards = _find_name(names, dataset, folder), ()
    return found, cards


def _require_classes(dataset: str) -> None:
    """Raise if a folder has classes of pixels, and so no accuracy of classes.

    Raises:
        TaskError: with what to ask for.
    """
    from zoograph.data.images.masks import find_masks

    folder = _as_folder(dataset)
    if folder is not None and find_masks(folder) is not None:
        raise TaskError(
            f"The accuracy of classes means nothing for '{dataset}' (got a folder of images with masks). Ask for "
            "'--metric miou', or rank models with 'zoograph score'."
        )


def _is_card_file(dataset: str, path: Path | None) -> bool:
    """Return whether a dataset is given as a card file, which may be missing."""
    if dataset.startswith(STORED) or not dataset.lower().endswith(CARD_SUFFIXES):
        return False
    return path is None or not path.is_dir()


def _complete(card: DatasetCard) -> DatasetCard:
    """Return a card that was made in Python, with what follows from what it says, as that of a file has it."""
    from zoograph.data.ingest.formats.card_files import complete_card

    try:
        return complete_card(card)
    except ValueError as error:
        raise ZoographError(f"The card of the dataset {error}. Correct it.") from error


def _read_card(names: NameIndex, path: Path, domain: str | None) -> DatasetCard:
    from zoograph.data.ingest.formats.card_files import read_dataset_card

    return _check_card(names, read_dataset_card(path), f"'{path}'", domain)


def _check_card(names: NameIndex, card: DatasetCard, what: str, domain: str | None) -> DatasetCard:
    """Return a card of a dataset that the store does not know, with its domain."""
    if domain is not None and card.domain not in (None, domain):
        raise ZoographError(f"The card {what} says the domain '{card.domain}' (got --domain {domain}). Leave out one.")
    if card.id in names.datasets or card.id in names.families:
        raise ZoographError(
            f"The card {what} must not have the id of a known dataset (got '{card.id}'). Give the card another id, "
            f"or ask about '{STORED}{card.id}', whose records count then."
        )
    return card if domain is None else card.model_copy(update={"domain": domain})


def _find_folder(
    names: NameIndex, dataset: str, folder: Path, domain: str | None, warn: Warn, stage: Stage
) -> tuple[str, tuple[DatasetCard, ...]]:
    namesakes = names.families.get(dataset) or names.datasets.get(dataset, ())
    stage(f"Counting the {modality_of(folder)}s")
    try:
        card = read_local_card(folder, domain)
    except (ImageFolderError, TaskError) as error:
        if not namesakes:
            raise
        raise type(error)(f"{error} For the dataset of the store, give '{STORED}{dataset}'.") from error
    identity = identify_local(names, folder, card.id)
    if namesakes and namesakes != (identity.id,):
        warn(f"'{dataset}' is a folder here, and the folder is used: for the stored dataset, give '{STORED}{dataset}'.")
    return identity.id, () if identity.known else (card.model_copy(update={"id": identity.id}),)


def _find_name(names: NameIndex, dataset: str, folder: Path | None) -> tuple[str, ...]:
    """Return the ids of a name of the store, or of a folder that was measured and is no longer there."""
    if folder is not None and (measured := names.datasets.get(str(folder.resolve()))):
        return measured
    try:
        return names.resolve_datasets(dataset.removeprefix(STORED))
    except UnknownName:
        if folder is None or dataset.startswith(STORED):
            raise
        read_local_card(folder)  # says what is wrong with it
        raise


def _as_folder(dataset: str) -> Path | None:
    """Return the path that ``dataset`` means; None if nothing is there and it does not look like a path.

    Raises:
        ImageFolderError: if it looks like a path that cannot be.
    """
    if dataset.startswith(STORED):
        return None
    looks_like_path = dataset.startswith((".", "~", "/")) or dataset.endswith("/")
    try:
        path = Path(dataset).expanduser()
        return path if dataset and (path.exists() or is_local(dataset)) else None
    except (OSError, RuntimeError) as error:
        if not looks_like_path:
            return None
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise ImageFolderError(f"The dataset '{dataset}' must be a folder (got: {reason}). Check the path.") from error
