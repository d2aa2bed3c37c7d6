"""Cards: what is known of a model or a dataset before anything is fine-tuned."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from zoograph.data.records.fields import Count, Fraction, Name, Positive, Word
from zoograph.data.records.pretraining import ImagenetAccuracy, Lineage, Objective, Speed

PartialDate = Annotated[str, Field(pattern=r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$")]
CARD_SUFFIXES = (".yaml", ".yml", ".json")
"""Endings of files that are cards: they say what a dataset will be like, and have no samples."""


class Modality(StrEnum):
    """What a model reads, and what the samples of a dataset are; other words are allowed on a card."""

    IMAGE = "image"
    TEXT = "text"


class Card(BaseModel):
    """What every card has; ``None`` always means "not known", never a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    id: Name
    aliases: tuple[Name, ...] = ()
    source: Name

    @field_validator("aliases")
    @classmethod
    def _unique_aliases(cls, aliases: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(aliases))


class ModelCard(Card):
    """A pre-trained model.

    Attributes:
        family: architecture family, such as ``convnext`` or ``vit``.
        timm_name: the timm architecture that has the same configuration, if there is one.
        parameters: number of parameters, head included.
        gmacs: multiply-accumulates of one forward pass, in units of 1e9 (torchvision calls them GFLOPS).
        input_size: side of the square input, in pixels.
        num_features: width of the pooled features that a head reads.
        pretrained_on: id of the dataset whose labels the weights were last trained on.
        imagenet_top1: top-1 accuracy on ImageNet-1k, in [0, 1].
        source_accuracy: accuracy on ``pretrained_on`` as the model's authors report it, in [0, 1].
        modalities: what it reads, see :class:`Modality`; some read images and texts alike.
        architecture: name of the network in the library that the weights come from.
        size_class: the word for its size within the family, such as ``tiny`` or ``large``.
        activations: outputs of convolutions and matrix products in one forward pass, in units of 1e6.
        objective: what the features were trained for.
        corpora: ids of the datasets that it was trained on, in order, as far as they are known; ``pretrained_on`` is
            the last one if its labels were used.
        train_resolution: side of the images in the last stage of training, in pixels, if it is stated.
        licence: of the weights, by its SPDX id or the name that its authors gave it.
        hub_id: repository on the Hugging Face hub that the weights are loaded from.
        paper: arXiv id of the paper that the weights belong to.
        released: year, month or day that the weights were published.
        derived_from: the models that its weights come from, the nearest first.
        imagenet: accuracies on ImageNet and its relatives.
        speeds: throughput on named devices.
        max_tokens: longest text that it reads, in its own tokens.
        languages: of the texts that it reads, by their ISO 639 codes.
        open_weights: whether the weights can be had; a model that is asked over a network has none to give.
    """

    family: Name | None = None
    timm_name: Name | None = None
    parameters: Count | None = None
    gmacs: Positive | None = None
    input_size: Count | None = None
    num_features: Count | None = None
    pretrained_on: Name | None = None
    imagenet_top1: Fraction | None = None
    source_accuracy: Fraction | None = None
    modalities: tuple[Name, ...] = (Modality.IMAGE.value,)
    architecture: Name | None = None
    size_class: Name | None = None
    activations: Positive | None = None
    objective: Objective | None = None
    corpora: tuple[Name, ...] = ()
    train_resolution: Count | None = None
    licence: Name | None = None
    hub_id: Name | None = None
    paper: Name | None = None
    released: PartialDate | None = None
    derived_from: tuple[Lineage, ...] = ()
    imagenet: ImagenetAccuracy | None = None
    speeds: tuple[Speed, ...] = ()
    max_tokens: Count | None = None
    languages: tuple[Name, ...] = ()
    open_weights: bool | None = None

    @property
    def trained_on(self) -> tuple[str, ...]:
        """Ids of all datasets that it is known to have been trained on, each once."""
        return tuple(dict.fromkeys((*self.corpora, *filter(None, [self.pretrained_on]))))


class DatasetCard(Card):
    """A classification dataset: a target of transfer, or a corpus that models were pre-trained on.

    Attributes:
        family: the group of tasks that it belongs to, such as ``clipart_32``.
        domain: kind of images, such as ``sketch``.
        labels: class names as a person would write them; empty if not known.
        num_classes: number of classes.
        num_samples: number of images altogether.
        samples_per_class: images per class that the task was drawn with (nominal).
        modality: what its samples are, see :class:`Modality`.
        splits: images or texts by name of the split, as the authors divided them; ``all`` if they did not.
        text_length: mean length of a text, in characters.
        languages: of its texts, by their ISO 639 codes.
    """

    family: Name | None = None
    domain: Word | None = None
    labels: tuple[Name, ...] = ()
    num_classes: Count | None = None
    num_samples: Count | None = None
    samples_per_class: Positive | None = None
    modality: Name = Modality.IMAGE.value
    splits: dict[Name, Count] = Field(default_factory=dict)
    text_length: Positive | None = None
    languages: tuple[Name, ...] = ()

    @field_validator("labels")
    @classmethod
    def _unique_labels(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(labels)) != len(labels):
            twice = sorted({label for label in labels if labels.count(label) > 1})
            raise ValueError(f"'labels' must be distinct (got {', '.join(twice)} more than once)")
        return labels

    def __hash__(self) -> int:
        # A dictionary cannot be hashed, and equal cards have equal ids.
        return hash(self.id)
