"""Near-twins: which weights stand for which."""

from __future__ import annotations

from zoograph.data.records.cards import ModelCard
from zoograph.data.records.pretraining import Lineage, LineageKind, Objective
from zoograph.training.candidates.twins import fold_twins


def card(id: str, kind: LineageKind | None = None, base: str = "", source: str = "transfergraph") -> ModelCard:
    steps = () if kind is None else (Lineage(kind=kind, model=base),)
    return ModelCard(id=id, source=source, derived_from=steps)


TUNED, SAME = LineageKind.FINE_TUNED, LineageKind.SAME_WEIGHTS


def folded(*cards: ModelCard, known: tuple[str, ...] = ()) -> tuple[list[str], dict[str, int]]:
    kept, twins, _ = fold_twins(cards, known)
    return [card.id for card in kept], {id: len(others) for id, others in twins.items()}


def test_uploads_are_folded_into_the_published_weights_that_they_come_from() -> None:
    uploads = [card(f"me/{k}", TUNED, "google/vit") for k in range(2)]
    assert folded(*uploads, card("google/vit")) == (["google/vit"], {"google/vit": 2})
    again = card("me/again", TUNED, "me/0")
    assert folded(*uploads, again, card("google/vit")) == (["google/vit"], {"google/vit": 3})


def test_uploads_without_their_base_are_left_out() -> None:
    assert folded(card("me/0", TUNED, "google/vit"), card("you/1"), card("mine", source="own")) == (["mine"], {})


def test_published_weights_that_were_fine_tuned_stand_for_themselves() -> None:
    base, tuned = card("a.in22k", source="timm"), card("a.in22k_ft_in1k", TUNED, "a.in22k", source="timm")
    assert folded(base, tuned) == (["a.in22k", "a.in22k_ft_in1k"], {})


def test_of_the_same_weights_the_one_that_was_measured_stands_for_all() -> None:
    first, second = card("a.tv", source="timm"), card("torchvision/a", SAME, "a.tv", source="torchvision")
    assert folded(first, second) == (["a.tv"], {"a.tv": 1})
    assert folded(first, second, known=("torchvision/a",)) == (["torchvision/a"], {"torchvision/a": 1})
    assert folded(first, second, known=("torchvision/a", "a.tv")) == (["a.tv"], {"a.tv": 1})
    assert folded(second) == (["torchvision/a"], {})


def test_weights_that_the_hub_and_timm_publish_are_one_row() -> None:
    timm, hub = card("convnext_tiny.fb_in1k", source="timm"), card("facebook/convnext-tiny-224")
    assert folded(hub, timm) == (["convnext_tiny.fb_in1k"], {"convnext_tiny.fb_in1k": 1})
    assert folded(hub, timm, known=("facebook/convnext-tiny-224",))[0] == ["facebook/convnext-tiny-224"]
    assert folded(hub)[0] == ["facebook/convnext-tiny-224"]


def test_a_circle_of_copies_ends() -> None:
    kept, _ = folded(card("a", SAME, "b", source="timm"), card("b", SAME, "a", source="timm"))
    assert len(kept) >= 1


def recipe(id: str, top1: float, input_size: int = 224, objective: Objective = Objective.SUPERVISED) -> ModelCard:
    return ModelCard(
        id=id,
        source="timm",
        architecture=id.partition(".")[0],
        imagenet_top1=top1,
        input_size=input_size,
        objective=objective,
        corpora=("imagenet",),
    )


def test_recipes_that_differ_in_numbers_are_one_row_of_the_best_on_imagenet() -> None:
    cards = [recipe("resnet50.a1_in1k", 0.80), recipe("resnet50.a2_in1k", 0.81), recipe("resnet50.ra_in1k", 0.79)]
    assert folded(*cards) == (["resnet50.a2_in1k", "resnet50.ra_in1k"], {"resnet50.a2_in1k": 1})
    other_size, other_goal = (
        recipe("resnet50.a3_in1k", 0.7, 160),
        recipe("resnet50.a4_in1k", 0.7, 224, Objective.DISTILLED),
    )
    assert len(folded(*cards, other_size, other_goal)[0]) == 4
    assert folded(*cards, recipe("resnet101.a1_in1k", 0.82))[0][-1] == "resnet101.a1_in1k"


def test_what_was_measured_or_named_stands_for_itself() -> None:
    cards = [recipe("resnet50.a1_in1k", 0.80), recipe("resnet50.a2_in1k", 0.81), recipe("resnet50.a3_in1k", 0.78)]
    assert folded(*cards, known=("resnet50.a1_in1k",)) == (["resnet50.a1_in1k"], {"resnet50.a1_in1k": 2})
    both = folded(*cards, known=("resnet50.a1_in1k", "resnet50.a3_in1k"))
    assert both == (["resnet50.a1_in1k", "resnet50.a3_in1k"], {"resnet50.a1_in1k": 1})
    upload = card("me/0", TUNED, "google/vit")
    kept, twins, hidden = fold_twins([card("google/vit"), upload, card("you/1")], (), named=("google/vit", "me/0"))
    assert ([c.id for c in kept], twins, hidden) == (["google/vit", "me/0"], {}, 1)
