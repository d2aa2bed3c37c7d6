from pathlib import Path

import pytest

from zoograph.data.collections.public.embedding_models import embedding_model_card
from zoograph.data.errors import RawDataError

CELLS = {
    "model": "own/encoder",
    "n_parameters": "136776192.0",
    "embed_dim": "",
    "license": "mit",
    "release_date": "2024-04-20",
}


def test_empty_cells_are_not_known() -> None:
    card = embedding_model_card(CELLS, "mteb", Path("models.csv"), 2, modality="text")
    assert (card.id, card.hub_id, card.parameters, card.num_features) == (
        "own/encoder",
        "own/encoder",
        136_776_192,
        None,
    )
    assert (card.licence, card.released, card.modalities, card.source) == ("mit", "2024-04-20", ("text",), "mteb")


def test_a_wrong_cell_is_named_with_its_line() -> None:
    with pytest.raises(RawDataError, match=r"'released' at 'models\.csv', line 7"):
        embedding_model_card({**CELLS, "release_date": "soon"}, "mteb", Path("models.csv"), 7, modality="text")
