from __future__ import annotations

from pathlib import Path

import pytest

from rvosbench.datasets.specs.mevis import MevisOptions
from rvosbench.datasets.specs.ytvos import YtvosOptions
from rvosbench.errors import OptionError, UnknownNameError
from rvosbench.preparation.opening import open_release, read_options
from tests.datasets import tiny_releases


def test_options_are_a_mapping_a_record_or_nothing():
    assert read_options("ytvos") == YtvosOptions()
    assert read_options("ytvos", {"trainval": "0.5", "valid-masks": "x"}) == YtvosOptions(
        trainval=0.5, valid_masks=Path("x")
    )
    assert read_options("ytvos", YtvosOptions(seed=1, trainval=0.5)).seed == 1
    with pytest.raises(OptionError, match="are MevisOptions, expected a mapping or YtvosOptions"):
        read_options("ytvos", MevisOptions())


def test_a_record_is_checked_as_text_is():
    with pytest.raises(OptionError, match="'mevis-version' of the dataset 'mevis' is '3', expected 1 or 2"):
        read_options("mevis", MevisOptions(mevis_version="3"))


def test_a_release_is_opened_by_name(tmp_path):
    root = tiny_releases.ytvos(tmp_path)
    assert open_release("ytvos", root).splits() == ("train", "valid", "test")
    with pytest.raises(UnknownNameError, match="no dataset is named 'ytvso'; did you mean 'ytvos'"):
        open_release("ytvso", root)
