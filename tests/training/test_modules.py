from __future__ import annotations

import pytest
import torch
from torch import nn

from rvosbench.errors import TrainingError
from rvosbench.testing.tiny_model import TinyNet, TinySegmenter
from rvosbench.training.modules import module_of, parameter_groups


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4))
        self.head = nn.Linear(4, 1)
        self.scale = nn.Parameter(torch.ones(1))


def names(net, groups):
    known = {id(parameter): name for name, parameter in net.named_parameters()}
    return {group["name"]: [known[id(parameter)] for parameter in group["params"]] for group in groups}


def test_a_module_is_trained_itself_and_another_model_says_what_is():
    net = Net()
    assert module_of(net) is net
    tiny = TinyNet()
    assert module_of(TinySegmenter(tiny)) is tiny


@pytest.mark.parametrize("segmenter", [object(), type("Odd", (), {"module": lambda self: 3})()])
def test_a_model_without_a_module_is_refused(segmenter):
    with pytest.raises(TrainingError, match=r"no torch.nn.Module and has no method module\(\)"):
        module_of(segmenter)


def test_one_rate_is_for_everything():
    net = Net()
    (group,) = parameter_groups(net, {"main": 0.1})
    assert (group["name"], group["lr"], len(group["params"])) == ("main", 0.1, 7)


def test_a_rate_is_for_the_part_of_its_name_and_the_longest_name_wins():
    net = Net()
    rates = {"main": 0.1, "backbone": 0.2, "backbone.1": 0.3, "scale": 0.4}
    groups = parameter_groups(net, rates)
    assert {group["name"]: group["lr"] for group in groups} == rates
    assert names(net, groups) == {
        "main": ["head.weight", "head.bias"],
        "backbone": ["backbone.0.weight", "backbone.0.bias"],
        "backbone.1": ["backbone.1.weight", "backbone.1.bias"],
        "scale": ["scale"],
    }


def test_frozen_parameters_are_in_no_group_and_an_empty_group_is_left_out():
    net = Net()
    net.backbone.requires_grad_(False)
    groups = parameter_groups(net, {"main": 0.1, "backbone": 0.2})
    assert names(net, groups) == {"main": ["scale", "head.weight", "head.bias"]}


def test_rates_that_fit_no_part_or_leave_one_out_are_refused():
    with pytest.raises(
        TrainingError, match="'bakbone', which is no part of the model; expected 'main' or one"
    ):
        parameter_groups(Net(), {"main": 0.1, "bakbone": 0.2})
    with pytest.raises(TrainingError, match="no learning rate for scale; expected one for 'main'"):
        parameter_groups(Net(), {"backbone": 0.2})


def test_a_models_own_groups_are_taken_as_they_are():
    groups = parameter_groups(TinySegmenter(TinyNet()), {"main": 1.0, "backbone": 2.0, "text": 3.0})
    assert [(group["name"], group["lr"]) for group in groups] == [
        ("main", 1.0),
        ("backbone", 2.0),
        ("text", 3.0),
    ]
