"""Replay of a measured collection: policies spend a budget on datasets that are new, and their regret is followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from pydantic import BaseModel
from torch import Tensor

from zoograph.data.errors import FoldsError
from zoograph.graphs.schema import DATASET
from zoograph.training.answers.expected_regret import chance_of_best
from zoograph.training.choosing.belief import Belief
from zoograph.training.choosing.policies import Choices, follow_belief, follow_order
from zoograph.training.evaluation.collections.choosing import LIMITS, Limits
from zoograph.training.evaluation.collections.hiding import Question, ask, whole_collection
from zoograph.training.evaluation.collections.methods import Row
from zoograph.training.evaluation.collections.questions import PROTOCOLS
from zoograph.training.evaluation.collections.running import CollectionRun
from zoograph.training.evaluation.metrics import MIN_CELLS
from zoograph.training.predictors.evidence import EvidencePredictor
from zoograph.training.predictors.joint import JointPrediction
from zoograph.training.runtime.threads import one_thread

POLICY = "choose"
BUDGET = 10
FIRST = 5
NEAR = 0.005
"""Half a point of accuracy: a model so close to the best is as good as found."""
RANDOM_ORDERS = 20
_DRAWS = 2_000

Progress = Callable[[str], None]


class Replayed(BaseModel):
    """One policy on one dataset.

    Attributes:
        policy: ``choose``, or the method whose ranking is measured from the top.
        dataset: its name.
        num_models: that could be measured.
        regrets: accuracy that the pick loses against the best: before any measurement, and after each.
        found: whether the best, or a model within half a point of it, is among the first five measured; a share for
            a mean over random orders.
        stated: expected regret that the policy stated after each measurement; None if it states none.
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


class _Task(NamedTuple):
    """A dataset of a question: where its cells are among those asked, its models and what was measured of each."""

    dataset: int
    rows: Tensor
    models: Tensor
    truth: Tensor


def replay_collection(
    run: CollectionRun,
    protocol: str,
    rows: Sequence[Row],
    limits: Limits = LIMITS,
    budget: int = BUDGET,
    progress: Progress | None = None,
) -> list[Replayed]:
    """Let every policy choose on every dataset that a protocol leaves out.

    Args:
        run: of the collection.
        protocol: such as ``dataset_out``, or ``probe_known``, where cheaper measurements of each model are given.
        rows: methods whose rankings are measured from the top.
        limits: most questions.
        budget: measurements of a policy.
        progress: told the policy before each question.

    Raises:
        FoldsError: if the protocol has no questions in this collection.
    """
    questions = PROTOCOLS[protocol](run.part, limits).questions
    result = _follow_beliefs(run, questions, budget, progress)
    for row in rows:
        if row.lacking is not None:
            continue
        try:
            answers = run.answers(row, questions, progress)
        except FoldsError:
            continue
        for question, answer in zip(questions, answers, strict=True):
            for task in _tasks(run, question):
                result.append(_follow(run, row.name, task, answer.prediction.mean[task.rows].double(), budget))
    return result


def _follow(run: CollectionRun, name: str, task: _Task, predicted: Tensor, budget: int) -> Replayed:
    if name != "random":
        return _judge(run, name, task, [follow_order(torch.argsort(-predicted, stable=True), task.truth, budget)])
    generator = torch.Generator().manual_seed(task.dataset)
    orders = [torch.randperm(len(task.truth), generator=generator) for _ in range(RANDOM_ORDERS)]
    return _judge(run, name, task, [follow_order(order, task.truth, budget) for order in orders])


@one_thread()
def _follow_beliefs(
    run: CollectionRun, questions: Sequence[Question], budget: int, progress: Progress | None
) -> list[Replayed]:
    part, result = run.part, list[Replayed]()
    predictor: EvidencePredictor | None = None
    for question in questions:
        if progress is not None:
            progress(POLICY)
        split = ask(part.graph, question)
        try:
            if predictor is None:
                predictor = EvidencePredictor().fit(ask(part.graph, whole_collection(part)).train)
            fitted = predictor
        except ValueError:  # the other collections are too little to learn from
            fitted = EvidencePredictor().fit(split.train)
        for task in _tasks(run, question):
            joint = fitted.joint(task.models, torch.tensor([task.dataset]), split.train)
            result.append(_judge(run, POLICY, task, [_believe(joint, task.truth, budget)]))
    return result


def _believe(joint: JointPrediction, truth: Tensor, budget: int) -> Choices:
    def regret(belief: Belief) -> Tensor:
        return chance_of_best(belief.mean[None], belief.covariance[None], _DRAWS)[1]

    return follow_belief(Belief.of(joint), truth, budget, regret)


def _tasks(run: CollectionRun, question: Question) -> list[_Task]:
    """Return the datasets of a question that have models enough to rank."""
    pairs = ask(run.part.graph, question).pairs
    values = run.part.values[question.asked]
    found = []
    for dataset in torch.unique(pairs[1]).tolist():
        rows = (pairs[1] == dataset).nonzero().flatten()
        if len(rows) >= MIN_CELLS:
            found.append(_Task(dataset, rows, pairs[0, rows], values[rows]))
    return found


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
