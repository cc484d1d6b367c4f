from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from huggingface_hub import constants as hub
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, RobertaConfig, RobertaModel

from rvosbench.errors import CheckpointError, FormatError, MissingPathError
from rvosbench.models.soc.presets import PRESETS
from rvosbench.models.soc.text_encoders import (
    SHIPPED_TOKENIZER,
    check_vocabulary,
    read_config,
    read_tokenizer,
    text_encoder,
    untrained,
)
from rvosbench.synthetic import grammar_sentences

SMALL = {**PRESETS["soc-demo"].configuration.text_encoder, "hidden_size": 16, "intermediate_size": 16}
TOKENIZER = read_tokenizer(SHIPPED_TOKENIZER)


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_any_text_survives_the_shipped_tokenizer(text: str) -> None:
    tokens = TOKENIZER(text, truncation=False)["input_ids"]
    assert tokens[0] == TOKENIZER.bos_token_id
    assert tokens[-1] == TOKENIZER.eos_token_id
    assert TOKENIZER.decode(tokens[1:-1], clean_up_tokenization_spaces=False) == text


def test_special_tokens_in_a_sentence_are_ordinary_characters() -> None:
    tokens = TOKENIZER("a</s><pad><mask>")["input_ids"]
    assert not set(tokens[1:-1]) & set(TOKENIZER.all_special_ids)


def test_the_shipped_tokenizer_fits_the_demo() -> None:
    assert len(TOKENIZER) == PRESETS["soc-demo"].configuration.text_encoder["vocab_size"]
    assert TOKENIZER.pad_token_id == PRESETS["soc-demo"].configuration.text_encoder["pad_token_id"]
    assert TOKENIZER.model_max_length == 64


def test_every_word_of_the_synthetic_scenes_is_one_token() -> None:
    sentences = [sentence.split() for sentence in grammar_sentences()]
    first = {words[0] for words in sentences}
    later = {f" {word}" for words in sentences for word in words[1:]}
    split = [word for word in first | later if len(TOKENIZER.tokenize(word)) != 1]
    assert not split, "run scripts/make_tokenizer.py"


def test_the_shipped_tokenizer_loads_with_transformers_alone() -> None:
    plain = AutoTokenizer.from_pretrained(SHIPPED_TOKENIZER, local_files_only=True)
    sentence = "the red circle that moves left and then stops"
    assert plain(sentence)["input_ids"] == TOKENIZER(sentence)["input_ids"]
    assert len(plain(sentence)["input_ids"]) == 11  # nine words, each one token, and both ends


def test_an_encoder_from_scratch_comes_with_the_shipped_tokenizer() -> None:
    encoder, tokenizer = text_encoder(SMALL)
    assert encoder.config.hidden_size == 16
    assert len(tokenizer) == len(TOKENIZER)


def test_an_encoder_from_a_folder_brings_its_weights(tmp_path: Path) -> None:
    encoder, tokenizer = text_encoder(SMALL)
    encoder.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    again, _ = text_encoder(str(tmp_path))
    for name, value in encoder.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


def test_offline_names_the_folder_to_fill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(MissingPathError) as caught:
        text_encoder("nobody/no-such-encoder")
    message = str(caught.value)
    assert str(tmp_path / "models--nobody--no-such-encoder") in message
    assert "hf download nobody/no-such-encoder" in message
    assert "\n" not in message


def test_a_folder_without_weights(tmp_path: Path) -> None:
    with pytest.raises(MissingPathError, match=r"model\.safetensors"):
        text_encoder(str(tmp_path))


def test_a_folder_with_damaged_weights(tmp_path: Path) -> None:
    encoder, tokenizer = text_encoder(SMALL)
    encoder.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(FormatError, match="cannot be read"):
        text_encoder(str(tmp_path))


@pytest.mark.parametrize(
    "values",
    [
        {"hidden_size": "wide"},
        {"hidden_size": 30, "num_attention_heads": 7},
        {"hidden_size": -4},
        {"hidden_act": "nope"},
        {"model_type": "bert"},
    ],
)
def test_a_configuration_that_makes_no_roberta(values: dict[str, object]) -> None:
    with pytest.raises(FormatError, match="here") as caught:
        untrained({**SMALL, **values}, "here")
    assert "\n" not in str(caught.value)


def test_a_configuration_that_is_missing_or_no_object(tmp_path: Path) -> None:
    with pytest.raises(MissingPathError):
        read_config(tmp_path)
    for text in ("", "[1]", "\xff"):
        (tmp_path / "config.json").write_text(text, encoding="latin-1")
        with pytest.raises(FormatError):
            read_config(tmp_path)


def test_a_folder_without_a_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(MissingPathError, match="no tokenizer"):
        read_tokenizer(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "{}", "[]"])
def test_a_damaged_tokenizer(tmp_path: Path, text: str) -> None:
    shutil.copytree(SHIPPED_TOKENIZER, tmp_path / "text")
    (tmp_path / "text" / "tokenizer.json").write_text(text)
    with pytest.raises(FormatError, match="cannot be read"):
        read_tokenizer(tmp_path / "text")


def test_a_tokenizer_that_knows_more_than_the_encoder() -> None:
    encoder = RobertaModel(RobertaConfig(**{**SMALL, "vocab_size": 50}))
    with pytest.raises(CheckpointError, match="1100 tokens, its text encoder 50"):
        check_vocabulary(encoder, TOKENIZER, "here")


def test_the_shipped_merges_and_vocabulary_are_those_of_the_tokenizer() -> None:
    vocabulary = json.loads((SHIPPED_TOKENIZER / "vocab.json").read_text(encoding="utf-8"))
    assert vocabulary == TOKENIZER.get_vocab()
