"""Train the byte-level BPE tokenizer of `soc-demo` and write it into the package.

    python scripts/make_tokenizer.py

The text is every sentence that the synthetic scenes can speak, and the common words of real referring
expressions, so that real sentences do not fall apart into letters. The result is a pure function of
that text; run this again only when the grammar gains words, since old checkpoints carry their own copy.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tokenizers import ByteLevelBPETokenizer
from transformers import RobertaTokenizer

from rvosbench.synthetic import grammar_sentences

FOLDER = Path(__file__).resolve().parents[1] / "rvosbench" / "models" / "soc" / "tokenizer"
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
VOCABULARY = 1100
MAX_TOKENS = 64
WORDS = """
a an the this that these those who which whose what where he she it they his her its their him them and
or not no all both each other another same one two three four first second third last only most very to
of in on at by for from with without into onto over under above below behind before after beside between
near next front back left right top bottom middle centre center side far close closest edge corner end
start while when then again up down out off away around across along through towards toward is are was
were be being been has have had does doing can will red green blue yellow orange purple pink brown black
white grey gray cyan magenta dark light bright colour color coloured colored striped spotted big bigger
biggest small smaller smallest large larger largest little tall taller tallest short shorter shortest
long wide narrow thin fat young old baby adult new shiny circle square triangle rectangle star cross
diamond ring ellipse hexagon pentagon shape object thing person people man men woman women boy girl child
children kid lady guy player rider shirt jacket hat cap dress pants jeans shorts shoes coat helmet
glasses hair head hand face arm leg tail dog cat bird horse cow sheep fish duck bear monkey lion tiger
elephant giraffe zebra rabbit turtle snake deer fox panda parrot penguin frog mouse owl eagle dolphin
shark whale seal lizard squirrel leopard camel car bus truck train bike bicycle motorbike motorcycle boat
airplane plane skateboard surfboard snowboard ball cup bottle box bag chair table umbrella racket paddle
sign plant tree grass water road street ground wall fence field floor snow sand beach river room camera
picture screen moving moves move standing stands stand sitting sits lying lies running runs run walking
walks walk jumping jumps flying flies swimming swims climbing climbs crawling crawls eating eats drinking
holding holds carrying carries riding rides wearing wears playing plays looking looks turning turns
rolling rolls falling falls rising rises stops stopping stays staying still appears appearing disappears
disappearing enters leaves starts going goes coming comes facing following follows touching passing
passes dancing slowly slow slower fast faster fastest quickly quick
"""


def main() -> None:
    """Write tokenizer.json, vocab.json, merges.txt and tokenizer_config.json."""
    trained = ByteLevelBPETokenizer()
    trained.train_from_iterator(
        [*sorted(grammar_sentences()), *(f" {word}" for word in WORDS.split())],
        vocab_size=VOCABULARY,
        min_frequency=1,
        special_tokens=SPECIAL,
        show_progress=False,
    )
    FOLDER.mkdir(exist_ok=True)
    trained.save_model(str(FOLDER))
    vocabulary = json.loads((FOLDER / "vocab.json").read_text(encoding="utf-8"))
    tokenizer = RobertaTokenizer(
        vocab=vocabulary,
        merges=[
            tuple(line.split(" "))
            for line in (FOLDER / "merges.txt").read_text(encoding="utf-8").splitlines()[1:]
        ],
        model_max_length=MAX_TOKENS,
        split_special_tokens=True,  # "</s>" in a sentence is four characters, not its end
    )
    tokenizer.save_pretrained(FOLDER)
    sys.stdout.write(f"{len(tokenizer)} tokens in {FOLDER}\n")


if __name__ == "__main__":
    main()
