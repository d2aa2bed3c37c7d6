import math

import pytest
import torch
from torch.optim.lr_scheduler import OneCycleLR

from zoograph.data.testing.hash_encoder import HashEmbedder
from zoograph.data.testing.synthetic_zoo import make_synthetic_zoo
from zoograph.graphs.builder import build_graph
from zoograph.graphs.schema import TRANSFERS_TO
from zoograph.training.networks.episodes import make_episode
from zoograph.training.networks.module import NetworkModule
from zoograph.training.networks.noise import measurement_variance


@pytest.fixture
def graph():
    return build_graph(make_synthetic_zoo(6, 12, seed=1).zoo, HashEmbedder(8))


def test_loss_is_the_gaussian_likelihood_with_the_noise_of_measuring(graph):
    torch.manual_seed(0)
    module = NetworkModule(graph, 8, 1, 0.01, 5)
    episode = make_episode(graph, torch.arange(graph[TRANSFERS_TO].num_edges) % 3 == 0)
    mean, spread = module.network(episode.graph, episode.pairs)
    deviation = (spread.square() + measurement_variance(episode.sample_size)).sqrt()
    density = torch.distributions.Normal(mean, deviation).log_prob(episode.target).mean()
    constant = 0.5 * math.log(2 * math.pi)
    assert module.training_step(episode, 0).item() == pytest.approx(-density.item() - constant, rel=1e-4)


def test_scales_come_from_the_graph_and_the_schedule_has_its_steps(graph):
    module = NetworkModule(graph, 8, 1, 0.01, 5)
    labels = graph[TRANSFERS_TO].edge_label
    assert module.network.scales["transfers_to"].mean.item() == pytest.approx(labels.mean().item())
    schedule = module.configure_optimizers()["lr_scheduler"]["scheduler"]
    assert isinstance(schedule, OneCycleLR)
    assert schedule.total_steps == 5
