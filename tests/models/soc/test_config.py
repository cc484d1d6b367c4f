from __future__ import annotations

import json

import pytest

from rvosbench.errors import FormatError
from rvosbench.models.soc.config import SOCConfig


def test_a_config_survives_json():
    config = SOCConfig(
        backbone_depths=(2, 2, 18, 2), text_encoder={"hidden_size": 8}, answer_layer="last", classes=65
    )
    assert SOCConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_unknown_and_missing_fields_are_named():
    values = SOCConfig().to_dict()
    del values["queries"]
    values["querys"] = 5
    with pytest.raises(FormatError, match=r"unknown: querys; missing: queries"):
        SOCConfig.from_dict(values)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("queries", 0),
        ("queries", "20"),
        ("queries", True),
        ("queries", None),
        ("classes", 1.0),
        ("dropout", 1.0),
        ("dropout", -0.1),
        ("dropout", float("nan")),
        ("drop_path", "0.2"),
        ("backbone_mlp_ratio", 0.0),
        ("freeze_text_encoder", 1),
        ("text_encoder", ""),
        ("text_encoder", 3),
        ("answer_layer", "middle"),
        ("answer_layer", 0),
        ("backbone_depths", [2, 2, 6]),
        ("backbone_depths", [2, 2, 6, "2"]),
        ("backbone_depths", "2222"),
        ("backbone_depths", 2),
        ("backbone_window", [8, 7]),
        ("backbone_heads", [5, 6, 12, 24]),
        ("channels", 64),
        ("heads", 3),
        ("fusion_heads", 3),
        ("cluster_heads", 3),
        ("cluster_window", -1),
        ("eval_short_side", 0),
    ],
)
def test_a_wrong_value_is_refused_and_its_field_named(field: str, value: object):
    with pytest.raises(FormatError, match=field):
        SOCConfig.from_dict(SOCConfig().to_dict() | {field: value})


@pytest.mark.parametrize("values", [None, [], "{}", 3])
def test_something_else_than_an_object_is_refused(values: object):
    with pytest.raises(FormatError, match="expected an object"):
        SOCConfig.from_dict(values)
