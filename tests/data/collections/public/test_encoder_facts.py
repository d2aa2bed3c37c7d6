"""Facts of MTEB's encoders: every one is of an encoder of the zoo, and says nothing against its card."""

from __future__ import annotations

from zoograph.data.collections.public.encoder_facts import read_encoder_facts, with_encoder_facts
from zoograph.data.collections.tables import read_tables, shipped_zoo
from zoograph.data.records.cards import Modality, ModelCard
from zoograph.data.records.pretraining import Objective


def test_they_are_of_encoders_that_ship_and_cover_most_of_them() -> None:
    encoders = {card.id for card in read_tables(shipped_zoo()).models if Modality.TEXT in card.modalities}
    facts = read_encoder_facts()
    assert len(encoders) == 244
    assert encoders >= set(facts)
    assert sum("objective" in known for known in facts.values()) == 181
    assert sum("family" in known for known in facts.values()) == 96
    assert sum("languages" in known for known in facts.values()) == 46


def test_a_card_is_filled_where_it_is_empty() -> None:
    name = "intfloat/e5-mistral-7b-instruct"
    card = with_encoder_facts(ModelCard(id=name, source="s"))
    assert (card.family, card.objective, card.languages) == ("mistral", Objective.INSTRUCTION, ())
    own = with_encoder_facts(ModelCard(id=name, source="s", family="mine", objective=Objective.LANGUAGE_MODEL))
    assert (own.family, own.objective) == ("mine", Objective.LANGUAGE_MODEL)
    other = ModelCard(id="resnet50", source="s")
    assert with_encoder_facts(other) is other


def test_two_languages() -> None:
    card = with_encoder_facts(ModelCard(id="ai-forever/ru-en-RoSBERTa", source="s"))
    assert (card.family, card.languages) == ("roberta", ("en", "ru"))
