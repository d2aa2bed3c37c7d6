"""The glyph zoo that ships: complete, small, and with every text embedded."""

from __future__ import annotations

from zoograph.data.collections.glyphs.zoo import glyph_folder, read_glyph_texts, read_glyph_zoo
from zoograph.data.text.words import zoo_texts


def test_the_shipped_glyph_zoo_is_small_and_holds_every_kind_of_record() -> None:
    files = list(glyph_folder().iterdir())
    assert sum(path.stat().st_size for path in files) < 2_000_000
    zoo = read_glyph_zoo()
    assert len({card for card in zoo.models if zoo.models[card].pretrained_on}) >= 12
    assert set(zoo.runs["protocol"]) == {"head", "finetune"}
    assert zoo.runs["dataset"].nunique() >= 100
    pairs = zoo.runs[zoo.runs["protocol"] == "head"].groupby(["model", "dataset"]).size()
    assert len(pairs) == zoo.runs["model"].nunique() * zoo.runs["dataset"].nunique()
    assert zoo.scores["name"].nunique() == 18
    assert len(zoo.influences) == 6 * 2 * sum(len(zoo.datasets[name].labels) for name in set(zoo.influences["corpus"]))
    assert (zoo.influences["standard_error"] > 0).all()
    assert zoo.influences["value"].abs().max() < 1
    assert len(zoo.relations) == zoo.runs["dataset"].nunique() * (zoo.runs["dataset"].nunique() - 1) / 2
    texts = read_glyph_texts()
    assert texts.missing(zoo_texts(zoo.models.values(), zoo.datasets.values())) == []
