"""From names and folders to the cards that a question is about."""

from __future__ import annotations

from pathlib import Path

from zoograph.data.errors import ImageFolderError, UnknownName
from zoograph.data.records.cards import DatasetCard, ModelCard
from zoograph.data.records.names import NameIndex
from zoograph.training.runtime.progress import Warn


def find_model(names: NameIndex, model: str) -> tuple[str, tuple[ModelCard, ...]]:
    """Return the model's id, and its card if the store does not know it but timm does."""
    try:
        return names.resolve_model(model), ()
    except UnknownName:
        from zoograph.data.networks.timm_cards import model_card_from_timm, nearest_timm_names

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
        from zoograph.data.images.folder import dataset_card_from_folder

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
