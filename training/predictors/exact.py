"""Exact predictor: an ensemble of deep-kernel and plain Gaussian processes with conformal intervals."""

from __future__ import annotations

from typing import Annotated, Any, Self

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.graphs.splits import is_edge, pair_folds
from zoograph.models.conformal import calibrate, situation
from zoograph.models.gp.deep_kernel import KernelConfig
from zoograph.models.method import Method, Prediction
from zoograph.training.networks.member_cache import MemberCache
from zoograph.training.predictors.conditioned import Conditioned, Member, out_of_fold_residuals
from zoograph.training.predictors.deep_member import DeepGP
from zoograph.training.predictors.evidence_module import EvidenceModule
from zoograph.training.predictors.exact_readout import predict_jointly, record_effects, similarities
from zoograph.training.predictors.graph_posteriors import GraphPosteriors
from zoograph.training.predictors.joint import JointPrediction
from zoograph.training.predictors.plain_member import PlainGP
from zoograph.training.predictors.records import Records
from zoograph.training.runtime.progress import Progress, Ticker
from zoograph.training.runtime.threads import one_seeded_thread, one_thread
from zoograph.training.runtime.trainer import fit_quietly

MINIMUM_RECORDS = 20


class TrainingConfig(BaseModel):
    """How the predictor is trained; one configuration serves every zoo.

    Attributes:
        kernel: shape and priors.
        num_members: members that are averaged; each learns without one fold of the records. The first half
            has a deep kernel, the other half the plain one, whose errors are different ones.
        num_iterations: of L-BFGS, for the two stages of a deep kernel and for a plain one.
        warm_iterations: the same where learning starts from an earlier predictor.
        num_records: that hyper-parameters are learned from at most, deep and plain; answers are conditioned
            on all records.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kernel: KernelConfig = KernelConfig()
    num_members: Annotated[int, Field(ge=2)] = 4
    num_iterations: tuple[int, int, int] = (8, 14, 20)
    warm_iterations: tuple[int, int, int] = (2, 3, 4)
    num_records: tuple[int, int] = (1000, 1400)
    seed: int = 0


class ExactPredictor(Method):
    """Exact Gaussian processes, half of them on graph embeddings of models and datasets, cross-fitted.

    Every record belongs to one fold, by a hash of its pair, and member k learns its hyper-parameters and its
    network without fold k. A pair that *was* measured is predicted by the one member that never saw its
    record, from the records of the other folds, so that prediction and measurement can be held against
    each other. Records that are left out in closed form calibrate the intervals.

    Args:
        config: how to train.
        progress: called with (evaluations done, evaluations expected).
        start: tensors of an earlier predictor's :meth:`state`, of the same configuration and vocabulary, to
            learn on from in fewer iterations.
        cache: keeps members as they are finished, and hands them back to a training that was interrupted.
    """

    def __init__(
        self,
        config: TrainingConfig | None = None,
        progress: Progress | None = None,
        start: dict[str, Tensor] | None = None,
        cache: MemberCache | None = None,
    ) -> None:
        self.config = config or TrainingConfig()
        self._progress, self._start, self._cache = progress, start, cache
        self._elsewhere: GraphPosteriors | None = None

    @one_thread()
    def fit(self, graph: HeteroData, unlearned: Tensor | None = None) -> Self:
        """See :meth:`Method.fit`.

        Args:
            graph: as there.
            unlearned: (E,) bool, records that hyper-parameters and networks are not learned from, though answers
                are conditioned on them; default: none.
        """
        store = graph[TRANSFERS_TO]
        if store.num_edges < MINIMUM_RECORDS:
            raise ValueError(
                f"The predictor needs {MINIMUM_RECORDS} measured accuracies or more (got {store.num_edges})."
            )
        self._graph = graph
        ticker = Ticker(self._progress, sum(sum(self._budget(k)[1]) for k in range(self.config.num_members)))
        folds = pair_folds(graph, store.edge_index, self.config.num_members)
        learned = torch.ones(store.num_edges, dtype=torch.bool) if unlearned is None else ~unlearned
        self._members = [
            self._learn(graph, Records.of(graph, learned & (folds != member)), member, ticker)
            for member in range(self.config.num_members)
        ]
        ticker.finish()
        self._own = GraphPosteriors(graph, self._members)
        left_out, situations = self._own.whole.residuals(self.config.seed)
        out_of_fold = out_of_fold_residuals(graph, self._own.out_of_fold)
        self._widths = calibrate(
            torch.cat([out_of_fold, left_out]), torch.cat([torch.zeros(len(out_of_fold), dtype=torch.long), situations])
        )
        return self

    @one_thread()
    def predict(self, pairs: Tensor, graph: HeteroData | None = None) -> Prediction:
        """See :meth:`Method.predict`; the record of a measured pair is not used to predict it."""
        posteriors = self._on(graph)
        graph = posteriors.graph
        mean, variance = posteriors.whole.predict(pairs)
        measured = is_edge(graph[TRANSFERS_TO].edge_index, pairs)
        if measured.any():
            asked = torch.where(measured, pair_folds(graph, pairs, len(self._members)), -1)
            for number, honest in enumerate(posteriors.out_of_fold):
                own = asked == number
                if own.any():
                    mean[own], variance[own] = honest.predict(pairs[:, own])
        width = torch.tensor(self._widths, dtype=mean.dtype)[situation(graph, pairs)] * variance.sqrt()
        bounds = (mean, mean - width, mean + width)
        return Prediction(*(bound.clamp(0, 1).float() for bound in bounds))

    def _on(self, graph: HeteroData | None) -> GraphPosteriors:
        """Return the members on ``graph``, None being the one that was fitted; the last other one is kept as well."""
        if graph is None or graph is self._graph:
            return self._own
        if self._elsewhere is None or self._elsewhere.graph is not graph:
            self._elsewhere = GraphPosteriors(graph, self._members)
        return self._elsewhere

    def smoothed(self, pairs: Tensor) -> Tensor:
        """Return (n,) the expected noiseless accuracies given every record, a pair's own included."""
        return self._own.whole.predict(pairs)[0]

    @one_thread()
    def posterior(self, graph: HeteroData | None = None) -> Conditioned:
        """Return the members, conditioned on every record of ``graph``; default: the graph that was fitted."""
        return self._on(graph).whole

    @one_thread()
    def joint(self, models: Tensor, datasets: Tensor, graph: HeteroData | None = None) -> JointPrediction:
        """Return what is expected of ``models`` (k,) on the mean over ``datasets`` (t,), from every record.

        See :func:`zoograph.training.predictors.exact_readout.predict_jointly`.
        """
        return predict_jointly(self.posterior(graph), self._widths, models, datasets)

    @one_thread()
    def similarities(self, model: int, datasets: Tensor) -> tuple[Tensor, Tensor]:
        """Return how like ``model`` each model is (M,), and how like ``datasets`` (t,) each dataset (D,); in [0, 1]."""
        return similarities(self._own.whole, model, datasets)

    @one_thread()
    def record_effects(self, model: int, datasets: Tensor) -> tuple[Tensor, Tensor]:
        """Return pairs (2, R), and (R,) points by which the record of each moves the accuracy of ``model``.

        See :func:`zoograph.training.predictors.exact_readout.record_effects`.
        """
        return record_effects(self._own.whole, model, datasets)

    @one_thread()
    def embeddings(self, graph: HeteroData | None = None) -> tuple[Tensor, Tensor]:
        """Return the first member's embeddings of models (M, C) and datasets (D, C); default: of the fitted graph.

        Raises:
            ValueError: if no member has embeddings.
        """
        first = self._members[0]
        encoder = first.second.encoder if isinstance(first, DeepGP) else None
        if encoder is None:
            raise ValueError("The predictor was configured without embeddings: set 'kernel.gnn'.")
        with torch.no_grad():
            models, datasets = encoder(self._graph if graph is None else graph)
        return models, datasets

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Return what was learned: tensors, and plain values."""
        tensors = {
            f"{number}.{name}": tensor
            for number, member in enumerate(self._members)
            for name, tensor in member.state_dict().items()
        }
        return tensors, {"config": self.config.model_dump(mode="json"), "widths": self._widths}

    @classmethod
    def from_state(cls, tensors: dict[str, Tensor], values: dict[str, Any], graph: HeteroData) -> Self:
        """Return the predictor that was fitted, conditioned on the records of ``graph``."""
        self = cls(TrainingConfig.model_validate(values["config"]))
        self._graph, self._widths = graph, [float(width) for width in values["widths"]]
        self._members = []
        for number in range(self.config.num_members):
            member = self._make_member(graph, number)
            member.load_state_dict(_of_member(tensors, number))
            self._members.append(member)
        self._own = GraphPosteriors(graph, self._members)
        return self

    def _is_deep(self, number: int) -> bool:
        return number < self.config.num_members // 2

    def _make_member(self, graph: HeteroData, number: int) -> Member:
        return DeepGP(graph, self.config.kernel) if self._is_deep(number) else PlainGP(graph)

    def _budget(self, number: int) -> tuple[int, tuple[int, ...]]:
        """Return records and iterations of each stage that a member learns with."""
        iterations = self.config.num_iterations if self._start is None else self.config.warm_iterations
        (deep, plain), (*stages, one_stage) = self.config.num_records, iterations
        return (deep, tuple(stages)) if self._is_deep(number) else (plain, (one_stage,))

    def _learn(self, graph: HeteroData, records: Records, number: int, ticker: Ticker) -> Member:
        seed = self.config.seed * 1000 + number
        with one_seeded_thread(seed):
            member = self._make_member(graph, number)
        num_records, num_iterations = self._budget(number)
        finished = self._cache.load(number) if self._cache is not None else None
        if finished is not None:
            ticker.start(sum(num_iterations))
            member.load_state_dict(finished)
            return member.requires_grad_(False).eval()
        if self._start is not None:
            member.load_state_dict(_of_member(self._start, number))
        index = records.sample(num_records, seed)
        for (kernel, prior), rounds in zip(member.stages(graph, records), num_iterations, strict=True):
            kernel.fit_scale(graph, records.pairs)
            module = EvidenceModule(kernel, prior, records, rounds, ticker.start(rounds))
            fit_quietly(module, [index])
        if self._cache is not None:
            self._cache.save(number, member.state_dict())
        return member.requires_grad_(False).eval()


def _of_member(tensors: dict[str, Tensor], number: int) -> dict[str, Tensor]:
    prefix = f"{number}."
    return {name.removeprefix(prefix): x for name, x in tensors.items() if name.startswith(prefix)}
