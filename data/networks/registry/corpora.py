"""Corpora that published weights were pre-trained on: one node each, with what is well known of it."""

from __future__ import annotations

from dataclasses import dataclass

from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.pretraining import Objective

SOURCE = "pretraining-corpora"
IMAGENET = "imagenet"
IMAGENET_21K = "imagenet-21k"

_WEB = "web images"


@dataclass(frozen=True)
class Corpus:
    """A corpus as the tags of timm and of OpenCLIP know it.

    Attributes:
        id: its node.
        objective: what weights are trained for whose tag names the corpus and nothing else.
        labelled: whether it has classes that a head can be fitted to.
        aliases: other names of it.
        num_classes: number of classes.
        num_samples: number of images, as its authors publish it (rounded, if they round).
        domain: kind of images; ``None`` for photographs of everyday things, which need no word.
    """

    id: str
    objective: Objective | None
    labelled: bool = False
    aliases: tuple[str, ...] = ()
    num_classes: int | None = None
    num_samples: int | None = None
    domain: str | None = None

    @property
    def card(self) -> DatasetCard:
        """The card of its node."""
        return DatasetCard(
            id=self.id,
            aliases=self.aliases,
            source=SOURCE,
            domain=self.domain,
            num_classes=self.num_classes,
            num_samples=self.num_samples,
        )


def _labelled(name: str, classes: int | None = None, images: int | None = None, *aliases: str) -> Corpus:
    return Corpus(name, Objective.SUPERVISED, True, aliases, classes, images)


def _captioned(name: str, images: int | None = None, *aliases: str) -> Corpus:
    return Corpus(name, Objective.IMAGE_TEXT, False, aliases, None, images, _WEB)


def _unlabelled(name: str, images: int | None = None, *aliases: str, domain: str = _WEB) -> Corpus:
    return Corpus(name, Objective.SELF_SUPERVISED, False, aliases, None, images, domain)


def _mixture(name: str) -> Corpus:
    """Return a mixture of several datasets that has no name of its own."""
    return Corpus(name, Objective.VISION_LANGUAGE, domain=_WEB)


# Sizes are those of the papers in data/zoo/CITATIONS.md.
_ALL = (
    _labelled(IMAGENET, 1000, 1_281_167, "imagenet-1k", "imagenet1k", "in1k"),
    # 21,843 heads of Google's and 21,841 of others' are the same release of fall 2011.
    _labelled(IMAGENET_21K, 21_841, 14_197_122, "imagenet-22k", "imagenet21k", "imagenet22k", "in21k", "in22k"),
    _labelled("imagenet-12k", 11_821, None, "imagenet12k", "in12k"),
    _labelled("imagenet-21k-p", 11_221, 12_358_688, "imagenet21k-p"),
    _labelled("imagenet-w21k", 19_168, None, "inw21k"),
    _labelled("imagenet-6m"),
    _labelled("bamboo", 115_217),
    _labelled("jft-300m", None, 300_000_000),
    Corpus("ig-1b-targeted", Objective.WEAKLY_SUPERVISED, False, ("ig1b",), None, 940_000_000, _WEB),
    Corpus("ig-3.6b", Objective.WEAKLY_SUPERVISED, False, (), None, 3_600_000_000, _WEB),
    _unlabelled("ig-1b-random", 1_000_000_000),
    _unlabelled("yfcc100m", 99_200_000),
    _unlabelled("lvd-142m", 142_000_000, "lvd142m"),
    _unlabelled("lvd-1689m", 1_689_000_000, "lvd1689m"),
    _unlabelled("sat-493m", 493_000_000, "sat493m", domain="satellite"),
    _unlabelled("humans-1b", 1_000_000_000, domain="people"),
    _unlabelled("nv-cc-img-text", 700_000_000),
    Corpus("sa-1b", Objective.SEGMENTATION, False, ("sa1b",), None, 11_000_000),
    Corpus("sa-v", Objective.SEGMENTATION, domain="video"),
    Corpus("merged-30m", Objective.MASKED_IMAGE_MODELLING, False, ("m30m",), None, 29_600_000),
    Corpus("merged-38m", Objective.MASKED_IMAGE_MODELLING, False, ("m38m",), None, 38_000_000),
    Corpus("beit3-mixture", Objective.MASKED_IMAGE_MODELLING),
    Corpus("coco-visual-genome", Objective.MASKED_IMAGE_MODELLING),
    _captioned("wit-400m", 400_000_000),
    _captioned("laion-400m", None, "laion400m"),
    _captioned("laion-2b", 2_320_000_000, "laion2b"),
    _captioned("laion-5b", 5_850_000_000, "laion5b"),
    _captioned("laion-aesthetic"),
    _captioned("merged-2b", 2_000_000_000, "merged2b"),
    _captioned("datacomp-1b", 1_400_000_000, "datacompxl", "datacomp1b"),
    _captioned("datacompdr-1b"),
    *(_captioned(f"datacomp-{scale}") for scale in ("s", "m", "l")),
    _captioned("commonpool-s", 12_800_000),
    _captioned("commonpool-m", 128_000_000),
    _captioned("commonpool-l", 1_280_000_000),
    _captioned("commonpool-xl", 12_800_000_000),
    _captioned("dfn-2b", 2_000_000_000, "dfn2b"),
    _captioned("dfn-5b", 5_000_000_000, "dfn5b"),
    _captioned("dfndr-2b"),
    _captioned("metaclip-400m", 400_000_000),
    _captioned("metaclip-2.5b", 2_500_000_000),
    _captioned("metaclip-altogether"),
    _captioned("metaclip2-worldwide"),
    _captioned("pe-5.4b", 5_400_000_000),
    _captioned("webli", 10_000_000_000),
    _captioned("cc12m", 12_423_374),
    _captioned("yfcc15m"),
    _captioned("coco-captions"),
    _captioned("aimv2-mixture"),
    _mixture("internvl-mixture"),
    _mixture("paligemma-mixture"),
    _mixture("paligemma-mix"),
    _mixture("qwen3-vl-mixture"),
    _mixture("qwen-drive-mixture"),
    Corpus("fld-5b", Objective.VISION_LANGUAGE, False, (), None, 126_000_000, _WEB),
    Corpus("docci", Objective.VISION_LANGUAGE),
    Corpus("ocr-vqa", Objective.VISION_LANGUAGE, domain="book covers"),
    Corpus("refcoco", Objective.VISION_LANGUAGE),
)
CORPORA = {corpus.id: corpus for corpus in _ALL}
