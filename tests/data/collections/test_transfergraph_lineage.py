"""Lineage of uploads: proofs by figures on cards made by hand, and what ships."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.collections.transfergraph_lineage import link_uploads
from zoograph.data.records.cards import ModelCard
from zoograph.data.records.published import copied_from, is_published, is_upload

SWIN = {"family": "swin", "input_size": 224, "num_features": 4, "timm_name": "swin_tiny"}
# A head has five parameters a class.
BASE = ("microsoft/swin-tiny", {**SWIN, "parameters": 100 + 5 * 1000}, 1000)
COPY = ("ann/puppies", {**SWIN, "parameters": 100 + 5 * 2}, 2)


def link(*models: tuple[str, dict[str, Any], int]) -> dict[str, list[tuple[str, str]]]:
    cards = tuple(ModelCard(id=name, source="transfergraph", **fields) for name, fields, _ in models)
    linked = link_uploads(cards, {name: classes for name, _, classes in models})
    return {card.id: [(step.kind.value, step.model) for step in card.derived_from] for card in linked}


def test_exact_figures_prove_the_base() -> None:
    assert link(BASE, COPY) == {
        "microsoft/swin-tiny": [],
        "ann/puppies": [("fine_tuned", "microsoft/swin-tiny")],
    }


@pytest.mark.parametrize(
    "other", [{"parameters": 111}, {"num_features": 5}, {"input_size": 384}, {"family": "vit"}, {"parameters": None}]
)
def test_one_figure_that_differs_proves_nothing(other: dict[str, Any]) -> None:
    assert link(BASE, ("ann/puppies", {**COPY[1], **other}, 2))["ann/puppies"] == []


def test_uploads_are_no_bases() -> None:
    assert link(COPY, ("bob/puppies", COPY[1], 2)) == {"ann/puppies": [], "bob/puppies": []}


def test_two_bases_that_fit_prove_nothing() -> None:
    assert link(BASE, ("facebook/other", *BASE[1:]), COPY)["ann/puppies"] == []
    # Weights that were uploaded again fit too.
    again = ("WinKawaks/vit-tiny-patch16-224", *BASE[1:])
    links = link(BASE, again, COPY)
    assert links["ann/puppies"] == []
    assert links[again[0]] == [("same_weights", "vit_tiny_patch16_224.augreg_in21k_ft_in1k")]


def test_several_bases_prove_what_all_of_them_come_from() -> None:
    vit = {"family": "vit", "input_size": 224, "num_features": 4, "timm_name": "vit_base_patch16_224"}
    bases = [(name, {**vit, "parameters": 5100}, 1000) for name in ("google/vit", "facebook/deit")]
    links = link(*bases, ("ann/puppies", {**vit, "parameters": 110}, 2))
    assert links["ann/puppies"] == [("fine_tuned", "vit_base_patch16_224.orig_in21k")]


def test_a_distilled_base_may_have_lost_a_head() -> None:
    deit = {**SWIN, "family": "deit"}
    base = ("facebook/deit", {**deit, "parameters": 100 + 2 * 5 * 1000}, 1000)
    assert link(base, ("ann/mask", {**deit, "parameters": 110}, 2))["ann/mask"] == [("fine_tuned", "facebook/deit")]


def test_weights_that_nobody_trained_are_said_so() -> None:
    model = ModelCard(id="lysandre/tiny-vit-random", source="transfergraph", pretrained_on="imagenet")
    (card,) = link_uploads((model,), {model.id: 1000})
    assert (card.objective, card.pretrained_on, is_published(card)) == ("untrained", None, False)


# -- the shipped zoo ------------------------------------------------------------------------------


def test_shipped_uploads_and_their_bases() -> None:
    models = {card.id: card for card in read_tables(shipped_zoo()).models}
    uploads = [card for card in models.values() if is_upload(card)]
    bases = Counter(copied_from(card) for card in uploads)
    assert len(uploads) == 135
    assert bases == {
        "vit_base_patch16_224.orig_in21k": 99,
        "microsoft/swin-tiny-patch4-window7-224": 15,
        "facebook/convnext-tiny-224": 8,
        None: 5,
        **dict.fromkeys(
            (
                "facebook/deit-base-distilled-patch16-224",
                "microsoft/beit-base-patch16-224-pt22k",
                "microsoft/beit-base-patch16-224-pt22k-ft22k",
                "Visual-Attention-Network/van-base",
                "facebook/convnext-xlarge-224-22k",
                "facebook/convnext-xlarge-224-22k-1k",
                "vit_small_patch16_224.augreg_in21k_ft_in1k",
                "vit_tiny_patch16_224.augreg_in21k_ft_in1k",
            ),
            1,
        ),
    }
    assert bases.keys() - {None} <= models.keys()
    assert {card.id for card in uploads if copied_from(card) is None} == {
        "flyswot/test",  # two published ViT-Ti/16 fit
        "lysandre/tiny-vit-random",
        "nateraw/test_model_a",  # a network of 44,002 parameters that nobody published
        "michaelbenayoun/vit-base-beans",  # no figures
        "mrm8488/data2vec-base-finetuned-imagenet1k",  # its base is not in the table
    }
    card = models["microsoft/beit-base-patch16-224-pt22k"]
    assert (card.objective, card.corpora, card.pretrained_on) == (
        "masked_image_modelling",
        ("imagenet-21k",),
        None,
    )
