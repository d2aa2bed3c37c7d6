"""Pre-training: what a model was trained for, which weights its own come from, and what was measured of it then."""

from __future__ import annotations

from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from zoograph.data.records.fields import Count, Fraction, Name, Positive


class Objective(StrEnum):
    """What the features of a model were trained for: its last stage before fine-tuning on labels.

    Later stages are fine-tuning on labels, and show in the card's chain of corpora.
    """

    SUPERVISED = "supervised"
    """Labels given by people."""
    DISTILLED = "distilled"
    """The answers or features of a teacher that was trained before, with or without labels."""
    SEMI_SUPERVISED = "semi_supervised"
    """Labels that a teacher gave to a larger corpus (noisy student, SSL, SWSL)."""
    WEAKLY_SUPERVISED = "weakly_supervised"
    """Hashtags (WSL, SWAG)."""
    SELF_SUPERVISED = "self_supervised"
    """Views of one image that belong together: contrast, self-distillation or prediction of features (DINO, SwAV,
    I-JEPA), also where masking helps."""
    MASKED_IMAGE_MODELLING = "masked_image_modelling"
    """Hidden patches, given back as pixels, tokens or another network's features (MAE, BEiT, EVA)."""
    IMAGE_TEXT = "image_text"
    """Images and their captions, told apart or written (CLIP, SigLIP, AIMv2)."""
    VISION_LANGUAGE = "vision_language"
    """Trained as the eye of a language model that answers questions (Florence-2, PaliGemma, Qwen3-VL)."""
    SEGMENTATION = "segmentation"
    """Masks of things, asked for by a point or a box (SAM)."""
    LANGUAGE_MODEL = "language_model"
    """Words that are hidden or come next (BERT, GPT)."""
    SENTENCE_ENCODER = "sentence_encoder"
    """Texts that belong together, told apart from others, by their vectors."""
    INSTRUCTION = "instruction"
    """Likewise, with a sentence before each text that says what it is for."""
    UNTRAINED = "untrained"
    """Nothing: weights as they were drawn at random, uploaded to test software."""


class LineageKind(StrEnum):
    """How weights are related to those that they come from."""

    FINE_TUNED = "fine_tuned"
    """Trained on, from those weights."""
    DISTILLED = "distilled"
    """Those weights were the teacher."""
    SAME_WEIGHTS = "same_weights"
    """The same parameters wired otherwise: another activation, another pooling, a part left out."""
    SAME_ARCHITECTURE = "same_architecture"
    """The same network, trained independently."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Lineage(_Part):
    """One model that another one comes from.

    Attributes:
        kind: how.
        model: id of the model that was there first.
    """

    kind: LineageKind
    model: Name


class ImagenetAccuracy(_Part):
    """Top-1 accuracies of a model's own 1000-class head, in [0, 1], on ImageNet-1k and five test sets made after it.

    These are results, not properties: whoever predicts one of them must not read the others here.

    Attributes:
        image_size: side of the test images, in pixels.
        imagenet: the validation images of ILSVRC 2012.
        real: the same images with labels given anew (ReaL).
        v2: ImageNetV2, matched frequency.
        a: ImageNet-A, 200 classes, chosen to be hard.
        r: ImageNet-R, 200 classes, renditions.
        sketch: ImageNet-Sketch.
    """

    image_size: Count | None = None
    imagenet: Fraction | None = None
    real: Fraction | None = None
    v2: Fraction | None = None
    a: Fraction | None = None
    r: Fraction | None = None
    sketch: Fraction | None = None


class Speed(_Part):
    """Throughput of a model's forward pass.

    Attributes:
        device: named device and number format, such as ``rtx_4090_amp``.
        images_per_second: at the card's ``input_size``.
    """

    device: Name
    images_per_second: Positive
