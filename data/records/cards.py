"""Cards: what is known of a model or a dataset before anything is fine-tuned."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

Name = Annotated[str, Field(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f]+$")]
Fraction = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class Modality(StrEnum):
    """What a model reads; other words are allowed on a card."""

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
    domain: Name | None = None
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
