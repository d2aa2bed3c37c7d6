from pathlib import Path

import pytest

from zoograph.data.collections.public.mteb_text import SOURCE, read_mteb_text
from zoograph.data.records.records import Protocol


@pytest.fixture
def folder(write) -> Path:
    write(
        "runs.csv",
        "model,revision,task,subset,accuracy,f1,n_experiments,experiment_accuracies,mteb_version",
        "own/encoder,abc,Banking77Classification,default,0.7,0.7,2,0.69|0.71,2.1",
        "own/encoder,external,ImdbClassification,default,0.9600000001,0.96,0,,",
    )
    write(
        "models.csv",
        "model,revision,n_parameters,embed_dim,max_tokens,license,release_date,framework,similarity,open_weights,adapted_from",
        "own/encoder,abc,136776192.0,768.0,8192.0,apache-2.0,2024-04-20,PyTorch,cosine,True,",
    )
    return write(
        "datasets.csv",
        "task,split,num_samples,num_labels,average_text_length,samples_in_train",
        "Banking77Classification,train,10003,77,59.4,",
        "Banking77Classification,test,3080,77,54.2,0.0",
    )


def test_repeats_are_one_run_with_their_spread(folder: Path) -> None:
    banking, _ = read_mteb_text(folder).runs
    assert (banking.model, banking.dataset, banking.protocol) == ("own/encoder", "banking77", Protocol.PROBE)
    assert (banking.value, banking.repeats, banking.test_size, banking.source) == (0.7, 2, 3_080, SOURCE)
    assert banking.hyperparameters == {"spread": 0.01414}


def test_what_a_card_claims_is_marked(folder: Path) -> None:
    _, imdb = read_mteb_text(folder).runs
    assert (imdb.value, imdb.repeats, imdb.hyperparameters) == (0.96, None, {"self_reported": True})


def test_encoders_read_texts(folder: Path) -> None:
    (card,) = read_mteb_text(folder).models
    assert (card.modalities, card.parameters, card.num_features) == (("text",), 136_776_192, 768)
