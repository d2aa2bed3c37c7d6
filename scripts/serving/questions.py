"""Questions as clients send them, checked before anything is read or computed."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from zoograph.data.ingest.formats.card_files import complete_card
from zoograph.data.records.cards import DatasetCard
from zoograph.data.records.fields import Count, Name, Positive
from zoograph.data.records.pretraining import Objective
from zoograph.data.records.records import Metric, Protocol
from zoograph.training.candidates.filters import Filters
from zoograph.training.candidates.trade_off import HERE, Cost, TradeOff

MOST_LABELS = 2_000
DEVICE = "rtx_4090_amp"
"""That most cards know a speed on."""
_Names = Annotated[tuple[Name, ...], Field(max_length=200)]


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, str_strip_whitespace=True)


class DescribedDataset(DatasetCard):
    """A dataset that the zoo does not know: the fields of a card, of which none has to be given."""

    model_config = ConfigDict(allow_inf_nan=False)

    id: Name = "described dataset"
    source: Name = "a request"
    labels: Annotated[tuple[Name, ...], Field(max_length=MOST_LABELS)] = ()
    aliases: Annotated[tuple[Name, ...], Field(max_length=0)] = ()
    splits: Annotated[dict[Name, Count], Field(max_length=20)] = Field(default_factory=dict)
    languages: Annotated[tuple[Name, ...], Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        complete_card(self)
        return self

    def as_card(self) -> DatasetCard:
        """Return the card, with the number of classes that its labels say."""
        return complete_card(DatasetCard.model_validate(self.model_dump()))


class Limited(_Asked):
    """Which models are candidates; what is left out asks for nothing, and an unknown figure keeps no limit."""

    models: _Names = ()
    max_params: Count | None = None
    max_gmacs: Positive | None = None
    max_input_size: Count | None = None
    min_images_per_second: Positive | None = None
    licence: _Names = ()
    family: _Names = ()
    objective: Annotated[tuple[Objective, ...], Field(max_length=20)] = ()
    timm_only: bool = False
    measured_only: bool = False
    all_variants: bool = False

    def as_filters(self) -> Filters:
        """Return the filters of the Python face."""
        return Filters(**self.__dict__)


class RecommendQuestion(_Asked):
    """What to rank models for: a ``dataset`` by name, a ``card`` of one, or a ``folder`` of the server by name.

    Attributes:
        protocol, metric: default: as the dataset was measured.
        filters: which models are compared.
        cost: what is set against accuracy.
        utility: weight of accuracy against cost, from 0 to 1.
        device: that time and speed are counted on, by its name on the cards; default: ``rtx_4090_amp``.
        top: models to return; 0 for all.
        explain: whether to say what the first prediction rests on.
    """

    dataset: Name | None = None
    card: DescribedDataset | None = None
    folder: Name | None = None
    protocol: Protocol | None = None
    metric: Metric | None = None
    filters: Limited = Limited()
    cost: Cost | None = None
    utility: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0
    device: Name | None = None
    top: Annotated[int, Field(ge=0, le=100_000)] = 10
    explain: bool = False

    @model_validator(mode="after")
    def _is_about_one_dataset(self) -> Self:
        given = [name for name in ("dataset", "card", "folder") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of 'dataset', 'card' and 'folder' (got {', '.join(given) or 'none'})")
        if self.device == HERE:
            raise ValueError("'device' must be a named device; times on this machine are for its command line")
        return self

    def as_trade_off(self) -> TradeOff:
        """Return the trade-off of the Python face."""
        timed = self.cost is Cost.TIME or self.filters.min_images_per_second is not None
        return TradeOff(self.cost, self.utility, self.device or (DEVICE if timed else HERE))


class ChooseQuestion(_Asked):
    """What to choose a model for: a ``folder`` of the server, by name.

    Attributes:
        budget: seconds, in all.
        protocol: that the model is to be used under: ``head`` or ``finetune``.
        regret: points of expected regret at which it stops before the budget is spent.
        domain: kind of images, such as ``sketch``.
        filters: which models are candidates.
        save_model: name of a folder, under that of the operator for models, for the best fine-tuned model.
    """

    folder: Name
    budget: Annotated[float, Field(gt=0)]
    protocol: Protocol = Protocol.HEAD
    regret: Annotated[float, Field(ge=0)] = 1.0
    domain: Name | None = None
    filters: Limited = Limited()
    save_model: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)] | None = None
