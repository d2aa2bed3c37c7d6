import pytest

from zoograph.data.errors import UnknownName
from zoograph.data.records.naming.choices import choose
from zoograph.data.records.records import Metric, Protocol


def test_a_name_and_a_member_mean_the_same():
    assert choose(Protocol, "finetune") is choose(Protocol, Protocol.FINETUNE) is Protocol.FINETUNE
    assert choose(Metric, "f1") is Metric.F1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("haed", r"Unknown protocol 'haed'\. Nearest names: head\. Valid names: native, .*finetune"),
        ("", r"Unknown protocol ''\. Valid names: native"),
        ("Protocol.HEAD", r"Unknown protocol 'Protocol\.HEAD'\. Valid names: native"),
    ],
)
def test_a_wrong_name_is_answered_with_the_valid_ones(name, message):
    with pytest.raises(UnknownName, match=message):
        choose(Protocol, name)
