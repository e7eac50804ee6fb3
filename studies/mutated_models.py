"""Models whose files were mutated at random: each must end in a message, or in a model.

    python studies/mutated_models.py [--count 2000]

Small folders of nnU-Net v2, Auto3DSeg and MONAI bundles, and ZIP files of them: bytes are flipped
or cut, entries of the JSON files are taken out, doubled, or replaced by numbers, words and names of
functions. A model that still opens is loaded, and run on a small CT. Counted are messages, models
that ran, those that were stopped between tiles after 20 s, and what must not be: tracebacks, more
than 60 s, more than 2 GB.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import resource
import shutil
import sys
import tempfile
import time
import traceback
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "Testing" / "support"))

from common import OUT

SECONDS, SLOW_SECONDS, GB = 60, 20, 2.0
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, float("nan"), 10**12, "", "x", "os.system", "$__import__('os')",
    "@network_def", [], {}, [[]], [1, 2, 3], [10**9] * 3, {"_target_": "os.system"},
    "builtins.exec", 0.5, [0.1, 0.1, 0.1], [4096, 4096, 4096], "kidney",
)  # fmt: skip


def mutated(value: Any, chance: random.Random) -> Any:
    """A JSON value with one place changed."""
    if isinstance(value, (dict, list)) and value and chance.random() < 0.85:
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = chance.choice(list(keys))
        copy = dict(value) if isinstance(value, dict) else list(value)
        if isinstance(value, dict) and chance.random() < 0.15:
            del copy[key]
        else:
            copy[key] = mutated(value[key], chance)
        return copy
    return chance.choice(VALUES)


def mutate_file(path: Path, chance: random.Random) -> None:
    """Change a file: its JSON, its checkpoint's content, or its bytes."""
    kind = chance.random()
    if path.suffix == ".json" and kind < 0.8:
        data = json.loads(path.read_text())
        for _ in range(chance.randint(1, 3)):
            data = mutated(data, chance)
        path.write_text(json.dumps(data))
        return
    if path.suffix in (".pt", ".pth") and kind < 0.5:
        import torch

        data = torch.load(path, weights_only=False)  # our own file
        names = [n for n in data if n not in ("network_weights", "state_dict")]
        if names and chance.random() < 0.6:
            name = chance.choice(names)
            data[name] = mutated(data[name], chance)
        else:
            weights = data.get("network_weights") or data.get("state_dict") or data
            name = chance.choice(list(weights))
            weights[name] = chance.choice(
                (torch.zeros(3), torch.full((2, 2), float("nan")), "x", None, weights[name] * 1e38)
            )
        torch.save(data, path)
        return
    content = bytearray(path.read_bytes())
    if kind < 0.9:
        for _ in range(chance.randint(1, 40)):
            content[chance.randrange(len(content))] = chance.randrange(256)
    else:
        del content[chance.randrange(len(content)) :]
    path.write_bytes(bytes(content))


def templates(home: Path) -> list[Path]:
    """One folder of each format."""
    import foreign_models as made

    own = made.configuration(patch_size=[16, 32, 32])
    made.write_nnunet(home / "nnunet", made.plans_of(own))
    labels = {"background": 0, "kidney": [1, 2, 3], "masses": [2, 3], "tumor": [2]}
    dataset = made.dataset_of(labels=labels, regions_class_order=[1, 3, 2])
    old = made.plans_of(made.old_configuration())
    state = made.random_state(made.configuration(), heads=3)
    made.write_nnunet(home / "regions", old, dataset, state=state)
    made.write_auto3dseg(home / "auto3dseg")
    made.write_bundle(home / "bundle")
    return sorted(p for p in home.iterdir() if p.is_dir())


def attempt(seed: int, folders: list[Path], work: Path, answer: Any) -> None:
    """Mutate one model and use it; answers what came of it."""
    os.environ["KIDNEYSEG_HOME"] = str(work / "home")
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - warnings of torch about odd pickles
    import torch
    from phantom import LEFT_CENTER, make_phantom

    from KidneySegLib.core.errors import CanceledError, KidneySegError
    from KidneySegLib.engine import open_engine
    from KidneySegLib.kidney_ct.settings import Settings
    from KidneySegLib.kidney_ct.task import KidneyCT
    from KidneySegLib.models.opening import open_model
    from KidneySegLib.pipeline import run
    from KidneySegLib.segmenters import open_segmenter

    torch.set_num_threads(1)
    chance = random.Random(seed)
    folder = work / f"case{seed}"
    try:
        shutil.copytree(chance.choice(folders), folder)
        files = sorted(p for p in folder.rglob("*") if p.is_file())
        mutate_file(chance.choice(files), chance)
        source = folder
        if chance.random() < 0.15:
            source = work / f"case{seed}.zip"
            with zipfile.ZipFile(source, "w") as stored:
                for path in files:
                    stored.write(path, path.relative_to(folder))
            if chance.random() < 0.5:
                mutate_file(source, chance)
        model = open_model(source)
        points = Settings(points=(LEFT_CENTER,), quality="fast")
        segmenter = open_segmenter(model, open_engine("cpu"))
        end = time.monotonic() + SLOW_SECONDS
        run(KidneyCT(points), make_phantom().ct, segmenter, cancel=lambda: time.monotonic() > end)
        outcome = "ran"
    except CanceledError:
        outcome = "slow: more tiles than there was time for"
    except KidneySegError as error:
        outcome = f"message: {str(error)[:70]}"
    except BaseException:
        outcome = f"TRACEBACK {traceback.format_exc()[-600:]}"
    shutil.rmtree(folder, ignore_errors=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    answer.put((outcome, peak))


def main() -> None:
    """Mutate, and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--json", type=Path, default=OUT / "mutated_models.json")
    options = parser.parse_args()
    context = multiprocessing.get_context("fork")
    counts: Counter[str] = Counter()
    bad, most_gb, slowest = [], 0.0, 0.0
    with tempfile.TemporaryDirectory() as home:
        folders = templates(Path(home) / "templates")
        for seed in range(options.first, options.first + options.count):
            answer, begun = context.Queue(), time.monotonic()
            job = context.Process(target=attempt, args=(seed, folders, Path(home), answer))
            job.start()
            job.join(SECONDS)
            seconds = time.monotonic() - begun
            if job.is_alive():
                job.kill()
                outcome, peak = "HANG", 0.0
            else:
                outcome, peak = answer.get() if job.exitcode == 0 else ("CRASH", 0.0)
            slowest, most_gb = max(slowest, seconds), max(most_gb, peak)
            kind = outcome.split(" ")[0].rstrip(":")
            counts[kind] += 1
            if kind not in ("ran", "slow", "message") or peak > GB:
                bad.append((seed, outcome, peak))
                print(seed, f"{peak:.1f} GB", outcome, flush=True)
    found = {
        "count": options.count,
        "outcomes": dict(counts),
        "most_gb": most_gb,
        "slowest_s": slowest,
        "over_2_gb": sum(1 for _, _, peak in bad if peak > GB),
        "bad": [list(entry) for entry in bad],
    }
    print(json.dumps({k: v for k, v in found.items() if k != "bad"}, indent=2))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
