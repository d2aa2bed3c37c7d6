"""Options of fine-tuning as settings."""

from __future__ import annotations

import pytest

from zoograph.data.errors import UnknownName, ZoographError
from zoograph.data.records.records import Protocol
from zoograph.scripts.terminal.finetuning import finetune_config
from zoograph.training.measuring.finetuning.finetune import FinetuneConfig
from zoograph.training.measuring.pictures import Augmentation


def test_what_is_not_said_is_the_default() -> None:
    assert finetune_config(Protocol.FINETUNE, max_epochs=None, freeze=None) == FinetuneConfig()
    found = finetune_config(Protocol.FINETUNE, max_epochs=3, freeze=0, augmentation="strong", head_first=False)
    assert found == FinetuneConfig(max_epochs=3, augmentation=Augmentation.STRONG, head_first=False)
    assert finetune_config(Protocol.HEAD, max_epochs=None) is None


def test_what_a_head_does_not_have_is_refused_under_the_name_of_its_option() -> None:
    for name, option in (("max_epochs", "--epochs"), ("layer_decay", "--layer-decay"), ("augmentation", "--augment")):
        with pytest.raises(ZoographError, match=f"'{option}' belongs to fine-tuning"):
            finetune_config(Protocol.HEAD, **{name: 1})
    with pytest.raises(UnknownName, match="Unknown augmentation 'mirror'"):
        finetune_config(Protocol.FINETUNE, augmentation="mirror")


def test_settings_belong_to_pre_training_too() -> None:
    config = finetune_config(Protocol.HEAD, pretrains=True, max_epochs=3)
    assert config is not None
    assert config.max_epochs == 3
