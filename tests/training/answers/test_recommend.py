import re

import pytest

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.records.records import Protocol
from zoograph.data.testing.toy_zoo import make_toy_zoo
from zoograph.training.answers.recommend import Filters, choose_candidates, recommend

HEAD, FINETUNE = Protocol.HEAD, Protocol.FINETUNE


def chosen(protocol=HEAD, **filters):
    cards, num_unknown_size = choose_candidates(make_toy_zoo(), protocol, Filters(**filters))
    return [card.id for card in cards], num_unknown_size


def test_candidates_have_records_of_the_protocol():
    assert chosen() == (["small", "large", "hub/other"], 0)
    assert chosen(FINETUNE) == (["small"], 0)
    assert chosen(FINETUNE, all_models=True) == (["small", "large", "hub/other"], 0)


def test_the_most_parameters_are_allowed_and_unknown_numbers_are_counted():
    assert chosen(max_params=100) == (["small", "large"], 1)
    assert chosen(max_params=99) == (["small"], 1)
    assert chosen(max_params=99, family="resnet") == (["small"], 0)


def test_a_family_is_named_exactly():
    assert chosen(family="resnet") == (["small", "large"], 0)
    with pytest.raises(
        UnknownName, match=r"Unknown family 'ResNet'\. Nearest names: resnet, vit\. Valid names: resnet, vit\."
    ):
        chosen(family="ResNet")


@pytest.mark.parametrize(
    ("protocol", "filters", "message"),
    [
        (HEAD, {"max_params": 9}, "at most 9 parameters (the smallest, 'small', has 10). Raise --max-params."),
        (HEAD, {"family": "vit", "max_params": 9}, "number of parameters is known. Leave out --max-params."),
        (FINETUNE, {"family": "vit"}, "family 'vit' has a record of a full fine-tuning. Add --all-models, or choose"),
    ],
)
def test_without_candidates_the_filter_to_relax_is_named(protocol, filters, message):
    with pytest.raises(ZoographError, match=re.escape(message)):
        chosen(protocol, **filters)


def test_without_any_record():
    zoo = make_toy_zoo()
    zoo = zoo.with_runs(zoo.runs[zoo.runs["protocol"] == HEAD])
    with pytest.raises(ZoographError, match=r"No model has a record of a full fine-tuning\. Add --all-models, or"):
        choose_candidates(zoo, FINETUNE, Filters())


def test_at_least_one_model_is_asked_for():
    with pytest.raises(ValueError, match=r"'top' must be a positive integer in 'recommend' \(got 0\)"):
        recommend("pets", top=0)
