from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, replace

import pytest

from rvosbench.datasets.specs.ytvos import SPEC
from rvosbench.errors import OptionError
from rvosbench.plugins.registry import DATASETS, PROTOCOLS


@dataclass
class Changeable:
    x: int = 0


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"card": "ytvos"}, "its card is str, expected rvosbench.types.Card"),
        ({"open": None}, "its open is NoneType, expected a function"),
        ({"protocol": ""}, "its protocol is '', expected the name"),
        ({"folder_names": "ytvos"}, "its folder_names are 'ytvos', expected a tuple"),
        ({"options": Changeable}, "can be changed"),
    ],
)
def test_a_record_with_a_wrong_part_is_refused_with_the_part(part, message):
    with pytest.raises((TypeError, OptionError), match=message):
        replace(SPEC, **part).check()


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_the_default_protocol_of_every_dataset_is_one(name):
    assert DATASETS[name].protocol in PROTOCOLS


def test_specs_are_looked_at_without_a_decoder():
    script = (
        "import sys; from rvosbench.plugins.registry import DATASETS; [DATASETS[n].card for n in DATASETS];"
        "print([m for m in ('cv2','pyarrow','h5py','av','scipy','torch') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
