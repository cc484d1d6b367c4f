"""A dataset: `toy.json` says split -> video -> [expression, object id]; frames and masks are in folders."""

from dataclasses import dataclass, field

from rvosbench.datasets.folder_release import FolderRelease
from rvosbench.datasets.reading import read_json
from rvosbench.plugins.dataset import DatasetSpec
from rvosbench.types import Card, Expression

CARD = Card(name="toy", title="Toy", homepage="https://example.org", licence="CC0", citation="@misc{toy}")


@dataclass(frozen=True, kw_only=True)
class Options:
    lower_case: bool = field(default=False, metadata={"help": "lower-case the expressions"})


class ToyRelease(FolderRelease):
    card = CARD
    index_file = "toy.json"

    def read_index(self, path):
        return {
            split: {
                video: [self.said(video, n, *row) for n, row in enumerate(rows)] for video, rows in of.items()
            }
            for split, of in read_json(path).items()
        }

    def said(self, video_id, number, text, object_id):
        text = text.lower() if self.options.lower_case else text
        return Expression(video_id=video_id, expression_id=str(number), text=text, object_ids=(object_id,))


SPEC = DatasetSpec(card=CARD, open=ToyRelease, options=Options, protocol="toy", folder_names=("toy",))
