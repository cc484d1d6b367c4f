"""Runs the published evaluators on the inputs of `draw.py` and keeps what they say; see README.md.

    python -m tests.goldens.protocols.run_references FOLDER

FOLDER holds a checkout of each repository that README.md names, as davis, mttr, visa, sa2va, mevis, rela and
lmms. Besides the libraries of rvosbench they need scikit-image and loguru.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import queue
import sys
import tempfile
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as coco
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from tests.goldens.protocols import draw

HERE = Path(__file__).parent


def main(references: Path) -> None:
    maps, videos = draw.davis(17), draw.expressions(23)
    by_instance, by_frame, gres = draw.samples(31, True), draw.samples(37, False), draw.no_targets(41)
    np.savez_compressed(HERE / "davis.npz", **maps)
    write("expressions", videos)
    write("a2d", by_instance)
    write("jhmdb", by_frame)
    write("gres", gres)
    expected = {
        "davis": run_davis(references / "davis", maps),
        "expressions": run_expressions(references, videos),
        "a2d": run_mttr(references / "mttr", by_instance),
        "jhmdb": run_mttr(references / "mttr", by_frame),
        "jhmdb_two": run_mttr(references / "mttr", two_samples()),
        "gres": run_rela(references / "rela", gres),
    }
    write("two", two_samples())
    write("expected", expected)


def write(name: str, content: Any) -> None:
    (HERE / f"{name}.json").write_text(json.dumps(content, separators=(",", ":")) + "\n")


def load(path: Path, name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def figures(found: dict[str, Any]) -> dict[str, Any]:
    """What evaluation_method.py prints, unrounded, and the figures of each object, in its order."""
    j, f = found["J"], found["F"]
    return {
        "J&F": (np.mean(j["M"]) + np.mean(f["M"])) / 2.0,
        **{
            f"{name}{key}": float(np.mean(part[letter]))
            for name, part in (("J", j), ("F", f))
            for key, letter in (("", "M"), (" recall", "R"), (" decay", "D"))
        },
        "objects": list(j["M_per_object"]),
        **{
            f"{name} {letter}": [float(value) for value in part[letter]]
            for name, part in (("J", j), ("F", f))
            for letter in "MRD"
        },
    }


def run_davis(repository: Path, maps: dict[str, draw.Labels]) -> dict[str, Any]:
    sys.path.insert(0, str(repository))
    from davis2017.evaluation import DAVISEvaluation  # type: ignore[import-not-found]

    names = list(draw.SEQUENCES)
    said: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "ImageSets" / "2017").mkdir(parents=True)
        (root / "ImageSets" / "2017" / "val.txt").write_text("\n".join(names))
        for name in names:
            save(root / "Annotations" / "480p" / name, maps[f"truth/{name}"])
            save(root / "Annotations_unsupervised" / "480p" / name, maps[f"truth/{name}"])
            save(root / "JPEGImages" / "480p" / name, maps[f"truth/{name}"], ".jpg")
            for kind in ("semi", "anno_0", "anno_1", "anno_2", "anno_3"):
                save(root / kind / name, maps[f"{kind}/{name}"])
        semi = DAVISEvaluation(davis_root=folder, task="semi-supervised", gt_set="val")
        said["semi"] = figures(semi.evaluate(str(root / "semi")))
        # Two frames: without the first and the last nothing is left.
        for suffix, kind in ((".png", "Annotations"), (".jpg", "JPEGImages")):
            for number in range(2, maps["truth/one"].shape[0]):
                (root / kind / "480p" / "one" / f"{number:05d}{suffix}").unlink()
        try:
            DAVISEvaluation(davis_root=folder, task="semi-supervised", gt_set="val").evaluate(
                str(root / "semi")
            )
            said["two frames"] = "scored"
        except IndexError as error:
            said["two frames"] = f"IndexError: {error}"
        save(root / "JPEGImages" / "480p" / "one", maps["truth/one"], ".jpg")
        matched = DAVISEvaluation(davis_root=folder, task="unsupervised", gt_set="val")
        for kind in ("anno_0", "anno_1", "anno_2", "anno_3"):
            said[kind] = figures(matched.evaluate(str(root / kind)))

        # Labels for what they are, all frames, void left out: the evaluator's own function for given labels.
        def given(truth: Any, answered: Any, void: Any, metric: Any) -> Any:
            return DAVISEvaluation._evaluate_semisupervised(truth, answered, void, metric)

        matched._evaluate_unsupervised = given
        said["objects"] = figures(matched.evaluate(str(root / "semi")))
    return said


def save(folder: Path, maps: draw.Labels, suffix: str = ".png") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, labels in enumerate(maps):
        Image.fromarray(labels).save(folder / f"{number:05d}{suffix}")


def run_expressions(references: Path, videos: dict[str, Any]) -> dict[str, Any]:
    """VISA's, Sa2VA's and MeViS' scripts, and the functions of lmms-eval, on the same answers."""
    ids = {name: sorted(video["answers"]) for name, video in videos.items()}
    objects = {name: list(video["truth"]) for name, video in videos.items()}
    numbers, mask_dict = {}, {}
    for name in sorted(videos):
        for expression in ids[name]:
            label = objects[name][int(expression) % len(objects[name])]
            numbers[name, expression] = len(mask_dict)
            mask_dict[str(len(mask_dict))] = videos[name]["truth"][label]
    frames = {name: [f"{n:05d}" for n in range(len(video["void"]))] for name, video in videos.items()}
    meta = {
        name: {
            "frames": frames[name],
            "expressions": {e: {"exp": "it", "anno_id": [numbers[name, e]]} for e in ids[name]},
        }
        for name in sorted(videos)
    }
    order = [(name, expression) for name in meta for expression in meta[name]["expressions"]]
    said = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, expression in order:
            maps = np.stack([255 * coco.decode(r) for r in videos[name]["answers"][expression]])
            save(Path(folder) / name / expression, maps)
        for label, path in (("mevis", "mevis/tools"), ("visa", "visa/tools")):
            sys.modules.pop("metrics", None)
            sys.path.insert(0, str(references / path))
            script = "eval_mevis.py" if label == "mevis" else "eval_davis17.py"
            module = load(references / path / script, f"script_{label}")
            sys.path.pop(0)
            found = queued(
                module, order, meta, mask_dict, lambda q, out, m=module: m.eval_queue(q, 0, out, folder)
            )
            said[label] = averaged(found, order)
    # The script asks for a module `metircs`; the repository has `metrics`.
    metrics = load(references / "sa2va/third_parts/revos/utils/metrics.py", "sa2va_metrics")
    for package in ("third_parts", "third_parts.revos", "third_parts.revos.utils"):
        sys.modules[package] = types.ModuleType(package)
    sys.modules["third_parts.revos.utils.metircs"] = metrics
    module = load(references / "sa2va/tools/eval/eval_davis.py", "script_sa2va")
    module.mask_pred_dict = {
        name: {e: {"prediction_masks": videos[name]["answers"][e]} for e in ids[name]} for name in videos
    }
    found = queued(module, order, meta, mask_dict, lambda q, out: module.eval_queue(q, 0, out))
    said["sa2va"] = averaged(found, order)
    lmms = load(references / "lmms/lmms_eval/tasks/rvos/eval_sam2.py", "script_lmms")
    found = {}
    for name, expression in order:
        truth = np.stack([coco.decode(r) for r in mask_dict[str(numbers[name, expression])]])
        answer = np.stack([coco.decode(r) for r in videos[name]["answers"][expression]])
        figures = lmms.evaluate_masks(truth, answer)
        found[f"{name}_{expression}"] = [figures["J"], figures["F"]]
    said["lmms-eval"] = averaged(found, order)
    return said


def queued(module: Any, order: Any, meta: Any, mask_dict: Any, run: Callable[[Any, Any], None]) -> Any:
    module.exp_dict, module.mask_dict = meta, mask_dict
    todo: queue.Queue[list[str]] = queue.Queue()
    for name, expression in order:
        todo.put([name, expression])
    found: dict[str, Any] = {}
    run(todo, found)
    return found


def averaged(found: dict[str, Any], order: list[tuple[str, str]]) -> dict[str, Any]:
    """The end of those scripts, unrounded."""
    pairs = [found[f"{name}_{expression}"] for name, expression in order]
    j, f = [float(pair[0]) for pair in pairs], [float(pair[1]) for pair in pairs]
    return {
        "J": float(np.mean(j)),
        "F": float(np.mean(f)),
        "J&F": float((np.mean(j) + np.mean(f)) / 2),
        "expressions": {
            f"{name}/{expression}": [a, b] for (name, expression), a, b in zip(order, j, f, strict=True)
        },
    }


def two_samples() -> dict[str, Any]:
    """One right and one wrong answer of equal score, in the frames 1 and 10 of a clip."""
    square = np.zeros((24, 32), np.bool_)
    square[4:12, 4:12] = True
    return {
        "truths": {"clip 1": draw.rle(square), "clip 10": draw.rle(square)},
        "detections": {
            "clip 1": [[draw.rle(square), 0.5]],
            "clip 10": [[draw.rle(np.roll(square, 15, axis=1)), 0.5]],
        },
    }


def run_mttr(repository: Path, drawn: dict[str, Any]) -> dict[str, Any]:
    """pycocotools as MTTR's trainer calls it, and its P@K, with the ids that its data sets give."""
    metrics = load(repository / "metrics.py", "mttr_metrics")
    ids = {key: mttr_id(repository, key) for key in drawn["truths"]}
    images, truths = [], []
    for number, (key, counts) in enumerate(drawn["truths"].items(), start=1):
        height, width = counts["size"]
        images.append({"id": ids[key], "height": height, "width": width})
        truths.append(
            {
                "id": number,
                "image_id": ids[key],
                "category_id": 1,
                "segmentation": counts,
                "area": float(coco.area(counts)),
                "iscrowd": 0,
            }
        )
    truth = COCO()
    truth.dataset = {
        "images": images,
        "annotations": truths,
        "categories": [{"id": 1, "name": "dummy_class"}],
    }
    truth.createIndex()
    answers = truth.loadRes(
        [
            {"image_id": ids[key], "category_id": 1, "segmentation": dict(counts), "score": score}
            for key, rows in drawn["detections"].items()
            for counts, score in rows
        ]
    )
    evaluation = COCOeval(truth, answers, iouType="segm")
    evaluation.params.useCats = 0
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    precision, overall, mean = metrics.calculate_precision_at_k_and_iou_metrics(truth, answers)
    return {
        "ids": ids,
        "stats": [float(value) for value in evaluation.stats],
        "P@K": [float(value) for value in precision],
        "overall_iou": float(overall),
        "mean_iou": float(mean),
    }


def mttr_id(repository: Path, key: str) -> str:
    video, frame, *instance = key.split()
    if not instance:
        jhmdb = load(repository / "datasets/jhmdb_sentences/create_gt_in_coco_format.py", "mttr_jhmdb")
        return str(jhmdb.get_image_id(video, int(frame)))
    a2d = function_of(repository / "datasets/a2d_sentences/a2d_sentences_dataset.py", "get_image_id")
    return str(a2d(video, int(frame), instance[0]))


def function_of(path: Path, name: str) -> Callable[..., Any]:
    """A function of a module whose imports are not here."""
    import ast

    (node,) = (
        n for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef) and n.name == name
    )
    space: dict[str, Any] = {}
    exec(compile(ast.Module([node], []), str(path), "exec"), space)
    function: Callable[..., Any] = space[name]
    return function


def run_rela(repository: Path, drawn: list[dict[str, Any]]) -> dict[str, Any]:
    """ReferEvaluator without detectron2: of that it uses the base class and helpers for many processes."""
    import torch

    for name, members in (
        ("detectron2", {}),
        ("detectron2.utils", {}),
        ("detectron2.evaluation", {}),
        ("detectron2.utils.comm", {"all_gather": None, "is_main_process": None, "synchronize": None}),
        ("detectron2.utils.file_io", {"PathManager": None}),
        ("detectron2.evaluation.evaluator", {"DatasetEvaluator": object}),
    ):
        sys.modules[name] = types.ModuleType(name)
        vars(sys.modules[name]).update(members)
    module = load(repository / "gres_model/evaluation/refer_evaluation.py", "rela_evaluation")
    evaluator = module.ReferEvaluator("drawn", distributed=False)
    evaluator.reset()
    for number, row in enumerate(drawn):
        answer, truth = (
            torch.tensor(coco.decode(row[key]).astype(np.float32)) for key in ("answer", "truth")
        )
        evaluator.process(
            [
                {
                    "image_id": number,
                    "source": "grefcoco",
                    "gt_mask_merged": truth[None].bool(),
                    "sentence": {"raw": "it"},
                    "empty": row["nothing"],
                }
            ],
            [
                {
                    "ref_seg": torch.stack([1 - answer, answer]),
                    "nt_label": torch.tensor([0.0, 1.0] if row["rejected"] else [1.0, 0.0]),
                }
            ],
        )
    return {key: float(value) for key, value in evaluator.evaluate()["grefcoco"].items()}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
