"""The predictor: everything that was measured is evidence, and intervals are as wide as left-out records ask for."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Self

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn

from zoograph.data.records.records import Protocol
from zoograph.graphs.schema import DATASET, MODEL, TRANSFERS_TO
from zoograph.graphs.splits import measured_folds, pair_folds
from zoograph.models.conformal import situation
from zoograph.models.evidence.hiding import Hiding
from zoograph.models.evidence.kernel import EvidenceKernel
from zoograph.models.evidence.kernel_start import LEAD, start_digest
from zoograph.models.evidence.posterior import ModelPrior, Posterior, Prior
from zoograph.models.evidence.relevant import MOST_SINGLE
from zoograph.models.gp.plain_gated_conv import PlainGatedConv
from zoograph.models.gp.structural_gnn import StructuralGNN
from zoograph.models.method import Method, Prediction
from zoograph.models.placing import CPU
from zoograph.training.predictors.evidence_contrasts import calibrated_contrasts
from zoograph.training.predictors.evidence_left_out import halves, leave_out
from zoograph.training.predictors.evidence_parts import asked_with, parts_of
from zoograph.training.predictors.evidence_readout import answer_cells, predict_jointly, record_effects, similarities
from zoograph.training.predictors.evidence_widths import calibrated_widths
from zoograph.training.predictors.joint import JointPrediction
from zoograph.training.predictors.left_out import LeftOut
from zoograph.training.runtime.progress import Progress, Ticker
from zoograph.training.runtime.threads import one_seeded_thread, one_thread

if TYPE_CHECKING:
    from torch_geometric.data import HeteroData

MINIMUM_RECORDS = 20
_NUM_FOLDS = 4
_CELLS_AT_ONCE = 4_000
_TEXT_CHANNELS = 8


class TrainingConfig(BaseModel):
    """How the predictor is trained; one configuration serves every zoo.

    Attributes:
        num_steps: of learning; 0 keeps the kernel as it starts.
        warm_steps: the same where learning starts from an earlier predictor.
        num_records: that each step hides parts of.
        learning_rate: of the kernel, at the start.
        network: whether a graph network embeds datasets, so that levels of new ones are better known.
        network_rate: learning rate of its weights, at the start.
        channels: width of its states, and of the embeddings.
        num_layers: rounds of message passing; 0 embeds each node from what is known of itself.
        lead: of larger models where little is known, see :class:`zoograph.models.evidence.size_lead.SizeLead`; 0 for
            none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_steps: Annotated[int, Field(ge=0)] = 60
    warm_steps: Annotated[int, Field(ge=0)] = 15
    num_records: Annotated[int, Field(ge=2)] = 700
    learning_rate: Annotated[float, Field(gt=0)] = 0.08
    network: bool = True
    network_rate: Annotated[float, Field(ge=0)] = 0.005
    channels: tuple[int, int] = (16, 8)
    num_layers: Annotated[int, Field(ge=0)] = 2
    lead: Annotated[float, Field(ge=0)] = LEAD
    seed: int = 0


class EvidencePredictor(Method):
    """One Gaussian process over cells of model, dataset and protocol, see :mod:`zoograph.models.evidence.kernel`.

    Its kernel is learned by hiding. A pair that *was* measured is predicted without the records of its fold, which is
    chosen by a hash of its names, so that prediction and measurement can be held against each other. Records that are
    left out in closed form calibrate the intervals.

    Args:
        config: how to train.
        progress: called with (steps done, steps in all).
        start: tensors of an earlier predictor's :meth:`state` to learn on from in fewer steps.
        device: where the kernel and its network are trained; one with float64. Answers are made on the CPU.
    """

    conditions = True

    def __init__(
        self,
        config: TrainingConfig | None = None,
        progress: Progress | None = None,
        start: dict[str, Tensor] | None = None,
        device: torch.device = CPU,
    ) -> None:
        self.config = config or TrainingConfig()
        self._progress, self._start, self._device = progress, start, device
        self._priors: list[tuple[HeteroData, Prior]] = []
        self._of_models: ModelPrior | None = None  # of the fitted graph, where it is known

    def fit(self, graph: HeteroData, unlearned: Tensor | None = None) -> Self:
        """See :meth:`Method.fit`.

        Args:
            graph: as there.
            unlearned: (E,) bool, records that the kernel is not learned from, though answers are conditioned on them;
                default: none.
        """
        store = graph[TRANSFERS_TO]
        if store.num_edges < MINIMUM_RECORDS:
            raise ValueError(
                f"The predictor needs {MINIMUM_RECORDS} measured accuracies or more (got {store.num_edges})."
            )
        self._graph, code = graph, self._code(graph)
        self._priors, self._of_models = [], None  # are those of an earlier kernel
        others = 2 * self.config.num_steps if self.config.network else 0
        ticker = Ticker(self._progress, self._num_steps(self._start) + others)
        self._kernel = self._learned(ticker, graph, unlearned, start=self._start)
        left_out = self._left_out(graph, unlearned, ticker)
        self._widths, self._contrasts = calibrated_widths(left_out, code), calibrated_contrasts(left_out)
        ticker.finish()
        return self

    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`; the record of a measured pair is not used to predict it."""
        graph, prior = self._graph if graph is None else graph, self._prior(graph)
        folds = measured_folds(graph, pairs, _NUM_FOLDS)
        answer = torch.empty(3, pairs.shape[1], dtype=torch.float64)
        own = pair_folds(graph, graph[TRANSFERS_TO].edge_index, _NUM_FOLDS) if (folds >= 0).any() else None
        for fold in torch.unique(folds).tolist():
            asked = (folds == fold).nonzero().flatten()
            hidden = None if own is None or fold < 0 else own == fold
            answer[:, asked] = self._answer(prior, graph, pairs[:, asked], hidden)
        return Prediction(*(column.clamp(0, 1).float() for column in answer))

    def smoothed(self, pairs: Tensor) -> Tensor:
        """Return (n,) the expected accuracies given every record of the fitted graph, a pair's own included."""
        return self._answer(self.prior, self._graph, pairs)[0]

    def joint(self, models: Tensor, datasets: Tensor, graph: HeteroData | None = None) -> JointPrediction:
        """Return what is expected of ``models`` (k,) on the mean over ``datasets`` (t,), from every record.

        See :func:`zoograph.training.predictors.evidence_readout.predict_jointly`.
        """
        graph, prior = self._graph if graph is None else graph, self._prior(graph)
        posterior = Posterior(prior, asked_with(parts_of(prior, graph), datasets), self._code(graph))
        return predict_jointly(posterior, graph, self._widths, self._contrasts, models, datasets, self._code(graph))

    @property
    def prior(self) -> Prior:
        """What is believed of the fitted graph's models and datasets before any record is read."""
        return self._prior(None)

    def similarities(self, model: int, datasets: Tensor) -> tuple[Tensor, Tensor]:
        """Return how like ``model`` each model is (M,), and how like ``datasets`` (t,) each dataset (D,); in [0, 1]."""
        return similarities(self.prior, model, datasets)

    def record_effects(self, model: int, datasets: Tensor) -> tuple[Tensor, Tensor]:
        """Return pairs (2, R), and (R,) points by which the record of each moves the accuracy of ``model``.

        See :func:`zoograph.training.predictors.evidence_readout.record_effects`.
        """
        code, prior = self._code(self._graph), self.prior
        posterior = Posterior(prior, asked_with(parts_of(prior, self._graph), datasets), code)
        return record_effects(posterior, model, datasets, code)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what was learned: tensors, and plain values."""
        tensors = {name: tensor.detach() for name, tensor in self._kernel.state_dict().items()}
        values = {
            "config": self.config.model_dump(mode="json"),
            "widths": self._widths,
            "contrasts": self._contrasts,
            "kernel": start_digest(),
        }
        return tensors, values

    @classmethod
    def from_state(cls, tensors: dict[str, Tensor], values: dict[str, Any], graph: HeteroData) -> Self:
        """Return the predictor that was fitted, conditioned on the records of ``graph``."""
        self = cls(TrainingConfig.model_validate(values["config"]))
        self._graph, self._kernel = graph, self._make_kernel(graph)
        self._kernel.load_state_dict(tensors)
        self._kernel.requires_grad_(False)
        self._widths = [float(width) for width in values["widths"]]
        self._contrasts = [float(factor) for factor in values["contrasts"]]
        return self

    def with_new_datasets(self, graph: HeteroData) -> EvidencePredictor:
        """Return this predictor on a graph that has more datasets, and the same models.

        It answers what one that is loaded on that graph would answer, and what models have in common is worked out once
        for both.
        """
        if self._of_models is None:
            self._of_models = ModelPrior.of(self._kernel, self._graph)
        result = copy.copy(self)
        result._graph, result._priors = graph, []
        return result

    def _make_kernel(self, graph: HeteroData, *, learns: bool = False) -> EvidenceKernel:
        if not self.config.network:
            return EvidenceKernel(lead=self.config.lead)
        conv: Callable[[int, int], nn.Module] = PlainGatedConv
        if learns:
            from zoograph.models.gp import gated_conv  # PyG, which takes seconds to import

            conv = gated_conv.GatedConv
        with one_seeded_thread(self.config.seed):
            hidden, out = self.config.channels
            network = StructuralGNN(graph, hidden, out, self.config.num_layers, _TEXT_CHANNELS, conv)
        return EvidenceKernel(network, self.config.lead)

    def _left_out(self, graph: HeteroData, unlearned: Tensor | None, ticker: Ticker) -> dict[int, list[LeftOut]]:
        """Return the records that intervals are calibrated on, predicted as if they had never been measured.

        A network has weights enough to know the datasets that it was learned from. So the records of each half of the
        datasets are left out of a kernel that was learned, from the start, from the other half.
        """
        code, prior = self._code(graph), self.prior
        if self._kernel.network is None:
            return leave_out(prior, graph, code)
        found: dict[int, list[LeftOut]] = defaultdict(list)
        for half in halves(prior, graph, code):
            kernel = self._learned(ticker, graph, unlearned, half)
            with torch.no_grad():
                other = Prior.of(kernel, graph)
            for protocol, parts in leave_out(other, graph, code, half).items():
                found[protocol] += parts
        return dict(found)

    def _num_steps(self, start: dict[str, Tensor] | None) -> int:
        return self.config.num_steps if start is None else self.config.warm_steps

    def _learned(
        self,
        ticker: Ticker,
        graph: HeteroData,
        unlearned: Tensor | None,
        unknown: Tensor | None = None,
        start: dict[str, Tensor] | None = None,
    ) -> EvidenceKernel:
        """Return a kernel that was learned, from the ``start`` of an earlier one if there is any.

        Of the graph's records those are left out that :class:`zoograph.models.evidence.hiding.Hiding` is told to.
        """
        kernel, num_steps = self._make_kernel(graph, learns=True), self._num_steps(start)
        if start is not None:
            kernel.load_state_dict(start)
        elif kernel.network is not None:
            sides = zip((MODEL, DATASET), graph[TRANSFERS_TO].edge_index, strict=True)
            kernel.network.fit_scale(graph, {kind: torch.unique(nodes) for kind, nodes in sides})
        if num_steps:
            with one_thread():
                self._learn(Hiding(graph, kernel, unlearned, unknown), num_steps, ticker)
        return kernel.requires_grad_(False)

    def _learn(self, hiding: Hiding, num_steps: int, ticker: Ticker) -> None:
        if not len(hiding.records):
            return  # the other half of the families may have none
        from zoograph.training.predictors.hiding_module import HidingModule  # Lightning, which answering needs not
        from zoograph.training.runtime.trainer import fit_quietly

        generator = torch.Generator().manual_seed(self.config.seed)
        steps = [hiding.sample(self.config.num_records, generator) for _ in range(num_steps)]
        rates = self.config.learning_rate, self.config.network_rate
        hiding.put_on(self._device)
        module = HidingModule(hiding, num_steps, rates, self.config.seed, ticker.start(num_steps))
        fit_quietly(module, steps, device=self._device)

    def _prior(self, graph: HeteroData | None) -> Prior:
        """Return the prior of a graph, None being the one that was fitted; the last two graphs' are kept."""
        graph = self._graph if graph is None else graph
        for known, prior in self._priors:
            if known is graph:
                return prior
        with torch.no_grad():
            prior = Prior.of(self._kernel, graph, self._of_models if graph is self._graph else None)
        self._priors = [*self._priors[-1:], (graph, prior)]
        return prior

    @staticmethod
    def _code(graph: HeteroData) -> int:
        return list(Protocol).index(Protocol(graph.protocol))

    def _answer(self, prior: Prior, graph: HeteroData, pairs: Tensor, hidden: Tensor | None = None) -> Tensor:
        """Return (3, n) mean and bounds of accuracies, from every record but the ``hidden`` (E,) ones."""
        answer = torch.empty(3, pairs.shape[1], dtype=torch.float64)
        known = prior.records if hidden is None else prior.records.without(hidden)
        widths = torch.tensor(self._widths, dtype=torch.float64)[situation(graph, pairs, hidden)]
        parts = parts_of(prior, graph)
        part_of = parts[pairs[1]]
        if len(known) <= MOST_SINGLE:  # whatever is asked, it is answered from all of them
            part_of = torch.zeros_like(part_of)
        for part in torch.unique(part_of).tolist():
            asked = (part_of == part).nonzero().flatten()
            posterior = Posterior(prior, asked_with(parts, pairs[1, asked]), self._code(graph), known)
            for rows in asked.split(_CELLS_AT_ONCE):
                cells = prior.ask(pairs[:, rows], self._code(graph))
                answer[:, rows] = answer_cells(
                    posterior, cells, *posterior.predict(cells), graph[DATASET].sample_size, widths[rows]
                )
        return answer
