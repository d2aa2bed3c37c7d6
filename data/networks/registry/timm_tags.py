"""The grammar of timm's tags: what the word behind the dot of ``vit_base_patch16_224.augreg_in21k_ft_in1k`` says.

A tag is words with underscores between them: who trained, by which recipe, on which corpora in order, ``ft`` where
fine-tuning begins, and the image size if it is unusual. Tags that say less are completed by
:mod:`zoograph.data.networks.registry.timm_exceptions`; a word that is in neither makes the objective unknown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from zoograph.data.networks.registry.corpora import CORPORA, IMAGENET, IMAGENET_21K
from zoograph.data.networks.registry.timm_exceptions import find_rule
from zoograph.data.records.pretraining import Objective

# Words, or runs of words, that name a corpus: timm's, and those of OpenCLIP.
_CORPUS_OF_WORDS: dict[tuple[str, ...], str] = {
    ("in1k",): IMAGENET,
    ("in12k",): "imagenet-12k",
    ("in21k",): IMAGENET_21K,
    ("in22k",): IMAGENET_21K,
    ("inw21k",): "imagenet-w21k",
    ("6m",): "imagenet-6m",
    ("bamboo",): "bamboo",
    ("jft",): "jft-300m",
    ("ig1b",): "ig-1b-targeted",
    ("yfcc100m",): "yfcc100m",
    ("lvd142m",): "lvd-142m",
    ("lvd1689m",): "lvd-1689m",
    ("sat493m",): "sat-493m",
    ("sa1b",): "sa-1b",
    ("m30m",): "merged-30m",
    ("m38m",): "merged-38m",
    ("openai",): "wit-400m",
    ("laion400m",): "laion-400m",
    ("laion2b",): "laion-2b",
    ("laiona",): "laion-aesthetic",
    ("merged2b",): "merged-2b",
    ("datacompxl",): "datacomp-1b",
    ("datacomp1b",): "datacomp-1b",
    ("mclip",): "datacompdr-1b",
    ("dfn2b",): "dfn-2b",
    ("dfn5b",): "dfn-5b",
    ("dfndr2b",): "dfndr-2b",
    ("metaclip", "400m"): "metaclip-400m",
    ("metaclip", "2pt5b"): "metaclip-2.5b",
    ("metaclip", "altogether"): "metaclip-altogether",
    ("metaclip2", "worldwide"): "metaclip2-worldwide",
    ("webli",): "webli",
    ("cc12m",): "cc12m",
    ("laion5b",): "laion-5b",
    ("mscoco",): "coco-captions",
    ("datacomp", "xl"): "datacomp-1b",
    **{("datacomp", scale): f"datacomp-{scale}" for scale in ("s", "m", "l")},
    **{("commonpool", scale): f"commonpool-{scale}" for scale in ("s", "m", "l", "xl")},
    ("yfcc15m",): "yfcc15m",
}
# Words that say how the features were learnt, whatever the corpus.
_OBJECTIVE_OF_WORD = {
    **dict.fromkeys(("dist", "distilled", "ssld", "usi", "eupe"), Objective.DISTILLED),
    **dict.fromkeys(("ssl", "swsl", "ns"), Objective.SEMI_SUPERVISED),
    "wsl": Objective.WEAKLY_SUPERVISED,
    **dict.fromkeys(("dinov3", "ijepa"), Objective.SELF_SUPERVISED),
    **dict.fromkeys(("mae", "mim"), Objective.MASKED_IMAGE_MODELLING),
    **dict.fromkeys(("clip", "mclip2", "tinyclip"), Objective.IMAGE_TEXT),
}
# Who trained. timm's own recipes have no group.
_GROUPS = re.compile(
    r"apple|bd|cvnets|dm|fb|gluon|goog|idstcv|miil|ms|msft|mx|nav|naver|nv|paddle|pycls|robbyant|rvgg|sail|snap|tf|timm"
    r"|tv2?"
)
# Recipes of supervised training and marks of versions: they say nothing of the objective.
_RECIPES = re.compile(
    r"a[123]h?|aa|ad|adv|agc|ah|am|ap|aug|augreg2?|b[12]k|bt|c[123](ns)?|ch|d[12]?h?|deit|ens|green|i18n|ix|lamb|lc|lion"
    r"|ltt?|nadamuon|orig|pd|plus|ra[234]?|racm|ram|rewind|rmsp|rsb|sam|sbb2?|soup|stage\d|sw|teacher|v2"
    r"|e\d+|\d+e|s\d+b?|\d+ep|patch\d+"
)
_SIDE = re.compile(r"r?(\d{3,4})")
_FINE_TUNED = "ft"
_WITH_LABELS = frozenset(
    {Objective.SUPERVISED, Objective.DISTILLED, Objective.SEMI_SUPERVISED, Objective.WEAKLY_SUPERVISED}
)


@dataclass(frozen=True)
class Pretraining:
    """What timm says of how weights were made.

    Attributes:
        objective: what the features were trained for; ``None`` if it is not known.
        corpora: ids of the corpora, in order; empty if they are not known.
        resolution: side of the training images in pixels, if the tag names it.
        group: who trained, as timm abbreviates it; ``None`` for timm's own recipes, or if the tag does not say.
        recipe: the remaining words of the tag, such as ``augreg`` or ``ra4_e3600``.
    """

    objective: Objective | None = None
    corpora: tuple[str, ...] = ()
    resolution: int | None = None
    group: str | None = None
    recipe: str | None = None

    @property
    def labels(self) -> str | None:
        """Id of the corpus whose labels were fitted last; ``None`` if none were."""
        if not self.corpora or not CORPORA[self.corpora[-1]].labelled:
            return None
        return self.corpora[-1] if len(self.corpora) > 1 or self.objective in _WITH_LABELS else None


def parse_tag(architecture: str, tag: str) -> Pretraining:
    """Return what is known of the weights ``architecture.tag``.

    >>> parse_tag("convnext_base", "clip_laion2b_augreg_ft_in12k_in1k_384").corpora
    ('laion-2b', 'imagenet-12k', 'imagenet')
    >>> parse_tag("vit_base_patch14_dinov2", "lvd142m").objective.value
    'self_supervised'
    """
    if not tag:
        return Pretraining()
    words = tag.split("_")
    corpora, rest = take_corpora(words)
    resolution, rest = _take_resolution(rest)
    group = rest.pop(0) if rest and _GROUPS.fullmatch(rest[0]) else None
    rule = find_rule(architecture, tag)
    objective = _find_objective(corpora, rest)
    if rule is not None:
        objective = rule.objective or objective
        corpora = corpora if rule.corpora is None else rule.corpora
    recipe = "_".join(word for word in rest if word != _FINE_TUNED)
    return Pretraining(objective, corpora, resolution, group, recipe or None)


def take_corpora(words: Sequence[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the corpora in order, and the words of a tag that name none."""
    corpora, rest, at = [], [], 0
    while at < len(words):
        for length in (2, 1):
            corpus = _CORPUS_OF_WORDS.get(tuple(words[at : at + length]))
            if corpus is not None:
                corpora.append(corpus)
                at += length
                break
        else:
            rest.append(words[at])
            at += 1
    return tuple(corpora), rest


def _take_resolution(words: list[str]) -> tuple[int | None, list[str]]:
    """Return the last image size, and the words that are none: ``384`` at the end, or ``r384`` anywhere."""
    sides = [word for at, word in enumerate(words) if _is_side(word, last=at == len(words) - 1)]
    rest = [word for word in words if word not in sides]
    return (int(sides[-1].removeprefix("r")) if sides else None), rest


def _is_side(word: str, last: bool) -> bool:
    return _SIDE.fullmatch(word) is not None and (last or word.startswith("r"))


def _find_objective(corpora: tuple[str, ...], words: list[str]) -> Objective | None:
    """Return the objective that the words say, or else that of the first corpus, if every word is known."""
    said = [_OBJECTIVE_OF_WORD[word] for word in words if word in _OBJECTIVE_OF_WORD]
    known = (*_OBJECTIVE_OF_WORD, _FINE_TUNED)
    if not corpora or any(word not in known and not _RECIPES.fullmatch(word) for word in words):
        return None
    return said[0] if said else CORPORA[corpora[0]].objective
