from __future__ import annotations

import pytest

from zoograph.data.networks.registry.corpora import CORPORA
from zoograph.data.networks.registry.timm_exceptions import RULES, find_rule
from zoograph.data.networks.registry.timm_names import published_weights
from zoograph.data.records.pretraining import Objective


def test_every_rule_is_the_first_for_some_weights() -> None:
    used = {find_rule(*name.split(".", 1)) for name in published_weights()} - {None}
    assert used == set(RULES)


def test_rules_name_known_corpora() -> None:
    assert {corpus for rule in RULES for corpus in rule.corpora or ()} <= CORPORA.keys()


@pytest.mark.parametrize(
    ("architecture", "tag", "objective"),
    [
        ("hrnet_w18_ssld", "paddle_in1k", Objective.DISTILLED),
        ("hrnet_w18", "ms_in1k", None),
        ("flexivit_base", "300ep_in1k", Objective.DISTILLED),
        ("flexivit_base", "300ep_in21k", None),
        ("beit_base_patch16_224", "in22k_ft_in22k", Objective.MASKED_IMAGE_MODELLING),
        ("swin_base_patch4_window7_224", "ms_in22k_ft_in1k", None),
    ],
)
def test_rules_match_whole_names(architecture: str, tag: str, objective: Objective | None) -> None:
    rule = find_rule(architecture, tag)
    assert (rule and rule.objective) == objective
