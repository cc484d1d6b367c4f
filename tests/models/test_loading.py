from __future__ import annotations

from pathlib import Path

import pytest

from rvosbench.errors import CheckpointError, MissingPathError, UnknownNameError
from rvosbench.models.loading import load_model
from rvosbench.plugins.contracts import TextEncoderFactory
from rvosbench.plugins.registry import MODELS


class Listening:
    """A factory that says what it was asked for."""

    summary = "listening"
    needs_checkpoint = True
    is_oracle = False

    def load(self, checkpoint, *, device, seed):
        return ("load", checkpoint, device, seed)

    def load_with_text_encoder(self, checkpoint, text_encoder, *, device, seed):
        return ("load_with_text_encoder", checkpoint, text_encoder, device, seed)


LISTENING = Listening()


@pytest.fixture(autouse=True)
def models(monkeypatch):
    monkeypatch.setitem(MODELS._built_in, "listening", f"{__name__}:LISTENING")


def test_a_model_is_loaded_with_what_was_given():
    place = Path("weights")
    assert load_model("listening", place, device="cuda", seed=3) == ("load", place, "cuda", 3)
    assert load_model("listening", place, text_encoder="some/name") == (
        *("load_with_text_encoder", place, "some/name"),
        *("cpu", 0),
    )


def test_a_model_without_such_a_thing_refuses_a_text_encoder():
    assert not isinstance(MODELS["centre"], TextEncoderFactory)
    with pytest.raises(CheckpointError, match="'centre' takes no text encoder; leave --text-encoder x out"):
        load_model("centre", None, text_encoder="x")


def test_weights_are_given_to_models_that_have_some():
    with pytest.raises(CheckpointError, match="'centre' has no weights; leave --checkpoint x out"):
        load_model("centre", Path("x"))
    with pytest.raises(MissingPathError, match="'listening' needs a checkpoint"):
        load_model("listening", None)


def test_an_unknown_model_gets_a_hint():
    with pytest.raises(UnknownNameError, match="did you mean 'centre'"):
        load_model("center", None)
