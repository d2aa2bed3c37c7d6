import pytest

from zoograph.data.errors import UnknownName
from zoograph.models.baselines.means import ModelMean
from zoograph.models.method import Method
from zoograph.training.evaluation.methods import METHODS, make_method, register_method


def test_every_name_makes_a_new_method():
    for name in METHODS:
        assert isinstance(make_method(name), Method)
        assert make_method(name) is not make_method(name)


def test_unknown_name_lists_what_there_is():
    with pytest.raises(UnknownName, match=r"Unknown method 'gausian-process'.*gaussian-process.*Valid names: addit"):
        make_method("gausian-process")


def test_a_taken_name_is_refused():
    with pytest.raises(ValueError, match="'model-mean' is taken"):
        register_method("model-mean", ModelMean)
