"""From names and folders to a question: the ids and cards that it is about, and the protocol."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zoograph.data.errors import ImageFolderError, UnknownName
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.choices import choose
from zoograph.data.records.names import NameIndex
from zoograph.data.records.records import Protocol
from zoograph.data.store.store import RecordStore
from zoograph.training.runtime.progress import Stage, Warn, ignore

STORED = "dataset:"
"""Before a name: the dataset of the store, also where a folder of that name exists."""


@dataclass(frozen=True)
class Question:
    """What is asked of a predictor.

    Attributes:
        model: id of the model; None where models are ranked.
        dataset: id of the dataset, or the family's name as it was given.
        tasks: ids of the datasets that it stands for.
        relatives: ids of all datasets of the families of the tasks, the tasks included.
        protocol: how the model is transferred.
        models: card of the model if the store does not know it.
        datasets: card of a folder of images that the store does not know.
    """

    model: str | None
    dataset: str
    tasks: tuple[str, ...]
    relatives: tuple[str, ...]
    protocol: Protocol
    models: tuple[ModelCard, ...]
    datasets: tuple[DatasetCard, ...]

    @property
    def new(self) -> tuple[str, ...]:
        """Models and datasets that are known by their cards alone."""
        return tuple(card.id for card in (*self.models, *self.datasets))


def ask(
    store: RecordStore,
    model: str | None,
    dataset: str,
    protocol: Protocol | str | None = None,
    domain: str | None = None,
    warn: Warn | None = None,
    stage: Stage | None = None,
) -> Question:
    """Return the question that names and folders mean.

    Args:
        store: knows the names.
        model: a name in the store, or one that timm knows; None where models are ranked.
        dataset: see :func:`find_datasets`.
        protocol: default: the one that most of the dataset's records have, else a retrained head.
        domain: kind of images in a folder.
        warn: told what the user should know.
        stage: told what is being done.

    Raises:
        ZoographError: if a name is not known, with the nearest ones, or a folder is no dataset.
    """
    chosen = None if protocol is None else choose(Protocol, protocol)
    names = store.names()
    model_id, models = (None, ()) if model is None else find_model(names, model)
    tasks, datasets = find_datasets(names, dataset, domain, warn, stage)
    relatives = {name for members in names.families.values() if set(members) & set(tasks) for name in members}
    return Question(
        model_id,
        dataset.removeprefix(STORED) if len(tasks) > 1 else tasks[0],
        tasks,
        tuple(sorted({*tasks, *relatives})),
        chosen or next(iter(store.protocols(tasks)), Protocol.HEAD),
        models,
        datasets,
    )


def find_model(names: NameIndex, model: str) -> tuple[str, tuple[ModelCard, ...]]:
    """Return the model's id, and its card if the store does not know it but timm does."""
    try:
        return names.resolve_model(model), ()
    except UnknownName:
        from zoograph.data.networks.registry.timm_names import nearest_timm_names
        from zoograph.data.networks.timm_cards import model_card_from_timm

        card = model_card_from_timm(model)
        if card is None:
            return names.resolve_model(model, more_names=lambda: nearest_timm_names(model)), ()
        # The store may know these weights by another of timm's names.
        return (names.resolve_model(card.id), ()) if card.id in names.models else (card.id, (card,))


def find_datasets(
    names: NameIndex, dataset: str, domain: str | None = None, warn: Warn | None = None, stage: Stage | None = None
) -> tuple[tuple[str, ...], tuple[DatasetCard, ...]]:
    """Return the datasets' ids, and the card of a folder of images that the store does not know.

    A folder that exists is that folder, whatever the store calls by its name; ``dataset:`` before a name asks for the
    stored one. A folder that was measured is known again by its content.

    Args:
        names: of the store.
        dataset: a name or a family in the store, or a folder of images.
        domain: kind of images in a folder.
        warn: told if a name could have meant something else.
        stage: told that images are counted.
    """
    warn = warn or ignore
    folder = _as_folder(dataset)
    if folder is not None and folder.is_dir():
        id, cards = _find_folder(names, dataset, folder, domain, warn, stage or ignore)
        found: tuple[str, ...] = (id,)
    else:
        found, cards = _find_name(names, dataset, folder), ()
    if domain is not None and not cards:
        warn(f"The domain '{domain}' is not used: '{dataset}' is a known dataset, with a domain of its own.")
    return found, cards


def _find_folder(
    names: NameIndex, dataset: str, folder: Path, domain: str | None, warn: Warn, stage: Stage
) -> tuple[str, tuple[DatasetCard, ...]]:
    from zoograph.data.images.folder import dataset_card_from_folder
    from zoograph.data.images.identity import identify_folder

    namesakes = names.families.get(dataset) or names.datasets.get(dataset, ())
    stage("Counting the images")
    try:
        card = dataset_card_from_folder(folder, domain=domain)
    except ImageFolderError as error:
        if not namesakes:
            raise
        raise ImageFolderError(f"{error} For the dataset of the store, give '{STORED}{dataset}'.") from error
    identity = identify_folder(names, folder, card.id)
    if namesakes and namesakes != (identity.id,):
        warn(f"'{dataset}' is a folder here, and that is what is meant: for the stored one, give '{STORED}{dataset}'.")
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
        from zoograph.data.images.folder import dataset_card_from_folder

        dataset_card_from_folder(folder)  # says what is wrong with it
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
        return path if dataset and (path.exists() or looks_like_path) else None
    except (OSError, RuntimeError) as error:
        if not looks_like_path:
            return None
        reason = str(getattr(error, "strerror", None) or error).rstrip(".")
        raise ImageFolderError(f"The dataset '{dataset}' must be a folder (got: {reason}). Check the path.") from error
