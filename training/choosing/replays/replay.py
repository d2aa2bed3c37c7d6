"""Replay of a measured collection: policies spend a budget on datasets that are new, and their regret is followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple, cast

import torch
from pydantic import BaseModel
from torch import Tensor
from torch_geometric.data import HeteroData

from zoograph.data.errors import FoldsError
from zoograph.data.files.kept import Facts, keep_facts
from zoograph.data.records.records import Protocol
from zoograph.graphs.schema import DATASET, MEASURED_OTHERWISE, TRANSFERS_TO
from zoograph.training.choosing.beliefs.belief import LEAST, Belief
from zoograph.training.choosing.beliefs.levels import LEVELS, noise_of
from zoograph.training.choosing.beliefs.prior import SHARE_ELSEWHERE, blended, elsewhere
from zoograph.training.choosing.replays.policies import Choices, follow_belief, follow_order, halving_order
from zoograph.training.evaluation.collections.choosing import Limits
from zoograph.training.evaluation.collections.elsewhere import question_there
from zoograph.training.evaluation.collections.hiding import Question, ask
from zoograph.training.evaluation.collections.methods import Row
from zoograph.training.evaluation.collections.running import CollectionRun
from zoograph.training.evaluation.elsewhere import Piece, require_same
from zoograph.training.evaluation.metrics import MIN_CELLS
from zoograph.training.predictors.evidence import EvidencePredictor
from zoograph.training.runtime.threads import one_thread

CHOOSE, FIRST_RANKING, HALVING = "choose", "first ranking", "successive halving"
RANDOM = "random"
BUDGET = 10
FIRST = 5
NEAR = 0.005
"""Half a point of accuracy: a model so close to the best is as good as found."""
ENOUGH = 0.01
"""The expected regret at which a policy that states one stops: a point of accuracy."""
RANDOM_ORDERS = 20
_DRAWS = 2_000
_POLICY = f"6-{SHARE_ELSEWHERE:g}"  # of what is kept, so that another policy is not taken for it
_ROW = Row(CHOOSE, EvidencePredictor)
_USUAL_TEST = 1_000.0  # samples, where nobody says how many there were

Progress = Callable[[str], None]


class Replayed(BaseModel):
    """One policy on one dataset.

    Attributes:
        policy: ``choose``; ``first ranking``, what it believes at first, without what is measured on the way;
            ``successive halving``; or the method whose ranking is measured from the top.
        dataset: its name.
        num_models: that could be measured.
        regrets: accuracy that the pick loses against the best: before any measurement, and after each.
        found: whether the best, or a model within half a point of it, is among the first five measured; a share for
            a mean over random orders.
        stated: expected regret that the policy stated at the same times; None if it states none.
    """

    policy: str
    dataset: str
    num_models: int
    regrets: list[float]
    found: float
    stated: list[float] | None = None

    @property
    def area(self) -> float:
        """Mean of the regrets over the budget; lower is better."""
        return sum(self.regrets) / len(self.regrets)

    @property
    def stop(self) -> int:
        """After how many measurements the policy stops: when it expects to lose a point or less, or at the budget."""
        stated = self.stated or []
        return next((n for n, regret in enumerate(stated) if n >= LEAST and regret <= ENOUGH), len(self.regrets) - 1)


class _Task(NamedTuple):
    """A dataset of a question: where its cells are among those asked, its models and what was measured of each."""

    dataset: int
    rows: Tensor
    models: Tensor
    truth: Tensor


class _Cheap(NamedTuple):
    """What cheaper measurements of k models found: (k,) values, NaN for none, and (k,) codes of protocols, or -1."""

    values: Tensor
    levels: Tensor


def replay_questions(
    run: CollectionRun,
    questions: Sequence[Question],
    rows: Sequence[Row],
    folder: Path,
    budget: int = BUDGET,
    progress: Progress | None = None,
) -> list[Replayed]:
    """Let every policy choose on every dataset that a question asks for.

    What was replayed is kept, a file a question, so that a call that was stopped goes on where it was.

    Args:
        run: of the collection.
        questions: each leaves out a dataset with its family, and asks for it.
        rows: methods whose rankings are measured from the top; one that cannot learn from what is left is passed over.
        folder: of the kept files.
        budget: measurements of a policy.
        progress: told the policy before each question.
    """
    result = [record for question in questions for record in _kept(run, question, folder, budget, progress)]
    for row in rows:
        if row.lacking is not None:
            continue
        try:
            answers = run.answers(row, questions, progress)
        except FoldsError:
            continue
        for question, answer in zip(questions, answers, strict=True):
            for task in _tasks(run, question):
                predicted = answer.prediction.mean[task.rows].double()
                result.append(_judge(run, row.name, task, _follow(row.name, task, predicted, budget)))
    return result


def _kept(
    run: CollectionRun, question: Question, folder: Path, budget: int, progress: Progress | None
) -> list[Replayed]:
    """Return the records of the predictor's own policies."""
    if progress is not None:
        progress(CHOOSE)
    facts = keep_facts(_path(run, question, folder, budget), lambda: _facts(run, question, budget))
    return [Replayed.model_validate(record) for record in facts["replayed"]]


def replays_to_come(
    run: CollectionRun, protocol: str, questions: Sequence[Question], limits: Limits, folder: Path, budget: int = BUDGET
) -> Iterator[Piece]:
    """Yield what :func:`replay_questions` needs of the predictor's own policies and ``folder`` does not have.

    Args:
        run: of a shipped collection.
        protocol: whose questions these are.
        questions: all of them.
        limits: that the questions were chosen by.
        folder: of the kept files.
        budget: measurements of a policy.
    """
    for number, question in enumerate(questions):
        path = _path(run, question, folder, budget)
        if not path.exists():
            arguments = (run.part.name, protocol, limits, number, budget, path.name)
            yield Piece(f"{run.part.name}: {CHOOSE} on {question.name}", _replay_there, arguments, partial(_keep, path))


def _replay_there(collection: str, protocol: str, limits: Limits, number: int, budget: int, name: str) -> Facts:
    run, question = question_there(collection, protocol, limits, number)
    require_same(_path(run, question, Path(), budget).name, name)
    return _facts(run, question, budget)


def _keep(path: Path, facts: Facts) -> None:
    keep_facts(path, lambda: facts)


def _path(run: CollectionRun, question: Question, folder: Path, budget: int) -> Path:
    return folder / f"{run.key(_ROW, _ROW.make(), question)}-{budget}-{_POLICY}.json"


def _facts(run: CollectionRun, question: Question, budget: int) -> Facts:
    return {"replayed": [record.model_dump() for record in _replay(run, _ROW, question, budget)]}


@one_thread()
def _replay(run: CollectionRun, row: Row, question: Question, budget: int) -> list[Replayed]:
    kept = ask(run.part.graph, question).train
    levels = LEVELS.get(run.part.part.protocol, ())
    blind = replace(question, hidden=question.hidden | _own_evidence(run.part.graph, question, levels))
    fitted, split = run.fitted(row, EvidencePredictor(), blind)
    predictor, result = cast(EvidencePredictor, fitted), []
    asked = run.part.part.protocol
    for task in _tasks(run, question):
        joint = predictor.joint(task.models, torch.tensor([task.dataset]), split.train)
        size = _test_size(run.part.graph, question, task)
        predicted = Belief.of(joint, size)
        assert len(predicted.mean) == len(task.truth), "a collection has fewer models than there may be contenders"
        prior = blended(predicted, elsewhere(split.train, task.models, task.dataset))
        cheap = _cheap(kept, task, list(Protocol).index(asked))
        belief = _given_cheap(prior, cheap, asked, size)
        first = torch.argsort(-belief.mean, stable=True)
        result.append(_judge(run, CHOOSE, task, [follow_belief(belief, task.truth, budget, _regrets)]))
        result.append(_judge(run, FIRST_RANKING, task, [follow_order(first, task.truth, budget)]))
        if not bool(cheap.values.isnan().all()):
            order = halving_order(cheap.values)
            result.append(_judge(run, HALVING, task, [follow_order(order, task.truth, budget)]))
    return result


def _codes(levels: Sequence[Protocol]) -> Tensor:
    return torch.tensor([list(Protocol).index(level) for level in levels], dtype=torch.long)


def _own_evidence(graph: HeteroData, question: Question, levels: Sequence[Protocol]) -> Tensor:
    """Return (E',) bool: what was measured of the datasets that are asked for at levels that the policy weighs.

    The predictor knows everything else, as it does where ``choose`` asks it.
    """
    if MEASURED_OTHERWISE not in graph.edge_types:
        return torch.zeros_like(question.hidden)
    store, datasets = graph[MEASURED_OTHERWISE], torch.unique(ask(graph, question).pairs[1])
    return torch.isin(store.edge_index[1], datasets) & torch.isin(store.protocol, _codes(levels))


def _given_cheap(prior: Belief, cheap: _Cheap, asked: Protocol, size: float) -> Belief:
    """Return what is believed once the cheaper measurements are known, as ``choose`` weighs those of its levels."""
    places = torch.isin(cheap.levels, _codes(LEVELS.get(asked, ()))).nonzero().flatten()
    if not len(places):
        return prior
    levels = [list(Protocol)[code] for code in cheap.levels[places].tolist()]
    noise = noise_of(prior, places, levels, asked, dict.fromkeys(levels, size))
    return prior.given(places, cheap.values[places], noise)


def _test_size(graph: HeteroData, question: Question, task: _Task) -> float:
    """Return how many samples the task's accuracies were measured on, which no measurement is needed to know."""
    sizes = graph[TRANSFERS_TO].sample_size[question.asked][task.rows]
    known = sizes[sizes > 0]
    return float(known.double().mean()) if len(known) else _USUAL_TEST


def _regrets(belief: Belief) -> Tensor:
    return belief.regrets(_DRAWS)[1]


def _follow(name: str, task: _Task, predicted: Tensor, budget: int) -> list[Choices]:
    if name != RANDOM:
        return [follow_order(torch.argsort(-predicted, stable=True), task.truth, budget)]
    generator = torch.Generator().manual_seed(task.dataset)
    orders = (torch.randperm(len(task.truth), generator=generator) for _ in range(RANDOM_ORDERS))
    return [follow_order(order, task.truth, budget) for order in orders]


def _cheap(graph: HeteroData, task: _Task, asked: int) -> _Cheap:
    """Return what the dearest of the cheaper measurements of each model found; a score that is an accuracy is one."""
    found = torch.full((len(task.models),), torch.nan, dtype=torch.float64)
    levels = torch.full((len(task.models),), -1)
    if MEASURED_OTHERWISE not in graph.edge_types:
        return _Cheap(found, levels)
    store = graph[MEASURED_OTHERWISE]
    # Scores that are accuracies have codes beyond those of protocols, and are cheaper than any.
    dearness = torch.where(store.protocol >= len(Protocol), -1, store.protocol)
    here = (store.edge_index[1] == task.dataset) & (dearness < asked)
    for edge in here.nonzero().flatten()[torch.argsort(dearness[here], stable=True)].tolist():
        own = task.models == store.edge_index[0, edge]
        found[own], levels[own] = float(store.edge_label[edge]), dearness[edge]
    return _Cheap(found, levels)


def _tasks(run: CollectionRun, question: Question) -> Iterator[_Task]:
    """Yield the datasets of a question that have models enough to rank."""
    pairs = ask(run.part.graph, question).pairs
    values = run.part.values[question.asked]
    for dataset in torch.unique(pairs[1]).tolist():
        rows = (pairs[1] == dataset).nonzero().flatten()
        if len(rows) >= MIN_CELLS:
            yield _Task(dataset, rows, pairs[0, rows], values[rows])


def _judge(run: CollectionRun, policy: str, task: _Task, choices: Sequence[Choices]) -> Replayed:
    """Return a policy's record on a dataset, the mean over several choices."""
    loss = task.truth.max() - task.truth
    regrets = torch.stack([loss[torch.tensor(choice.picked)] for choice in choices]).mean(0)
    near = [any(float(loss[model]) <= NEAR for model in choice.measured[:FIRST]) for choice in choices]
    return Replayed(
        policy=policy,
        dataset=run.part.graph[DATASET].ids[task.dataset],
        num_models=len(task.truth),
        regrets=regrets.tolist(),
        found=sum(near) / len(near),
        stated=choices[0].stated,
    )
