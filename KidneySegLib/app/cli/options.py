"""Options that several commands share, and what their values look like."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ...core.errors import InputError

if TYPE_CHECKING:
    from ..wanted_models import WantedModels


def point(text: str) -> tuple[float, float, float]:
    """Parse ``R,A,S``."""
    try:
        r, a, s = (float(x) for x in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no point. Expected three numbers R,A,S in mm, such as 62,-30,115"
        ) from None
    return r, a, s


def roi(text: str) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Parse ``R1,A1,S1,R2,A2,S2``."""
    parts = text.split(",")
    if len(parts) != 6:
        raise argparse.ArgumentTypeError(
            f"'{text}' is no region. Expected opposite corners R1,A1,S1,R2,A2,S2 in mm"
        )
    return point(",".join(parts[:3])), point(",".join(parts[3:]))


def removal(text: str) -> int | str:
    """Parse the number or ID of a removed component."""
    if not re.fullmatch(r"\d+|[a-z][0-9a-f]{5}", text):
        raise argparse.ArgumentTypeError(
            f"'{text}' names no removed component. Expected a number or an ID, such as 3 or k3f2a1"
        )
    return int(text) if text.isdecimal() else text


def override(text: str) -> tuple[int, str, int]:
    """Parse ``TUMOR:COMPONENT=POINTS``."""
    match = re.fullmatch(r"(\d+):(\w+)=(\d+)", text)
    if match is None:
        raise argparse.ArgumentTypeError(
            f"'{text}' sets nothing. Expected TUMOR:COMPONENT=POINTS, such as 1:N=3"
        )
    return int(match[1]), match[2], int(match[3])


def add_engine_options(parser: argparse.ArgumentParser) -> None:
    """Options that choose model, device and quality."""
    parser.add_argument(
        "--model",
        metavar="NAME|FOLDER|ZIP",
        help="a model by its name (see 'models'), or the folder or ZIP file of one: KidneySeg, "
        "nnU-Net v2, Auto3DSeg, or a MONAI bundle",
    )
    parser.add_argument("--device", default="auto", help="auto, cuda, cuda:N, mps, cpu or openvino")
    parser.add_argument(
        "--quality",
        default="balanced",
        choices=("fast", "balanced", "best"),
        help="how much work to do (default: balanced)",
    )


MAP_HELP = (
    "what a class of the model is: kidney, tumor, cyst, mass, lesion, artery, vein, ureter, "
    "collecting_system, cortex, medulla, other; may be repeated"
)


def add_axes_option(parser: argparse._ActionsContainer) -> None:
    """Option that says how a model's training images lay."""
    parser.add_argument(
        "--axes",
        default="",
        metavar="SAR",
        help="how the images lay that the model was trained on, where its files do not tell: "
        "where the array's axes k, j and i point to",
    )


def add_foreign_options(parser: argparse.ArgumentParser) -> None:
    """Options for models of other projects."""
    group = parser.add_argument_group("models of other projects")
    group.add_argument(
        "--kidneys", metavar="MODEL", help="whose kidneys count, where --lesions names others"
    )
    group.add_argument(
        "--lesions",
        action="append",
        default=[],
        metavar="MODEL",
        help="whose tumors and cysts count, kept where a kidney is; twice: the mean of both, and "
        "which of them sees a lesion; the options below hold for these",
    )
    group.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="NAME=ROLE",
        help=MAP_HELP,
    )
    group.add_argument(
        "--channel",
        action="append",
        default=[],
        metavar="FILE",
        help="a further image for a model that reads several (such as another contrast phase), "
        "registered to the CT; in the model's order, the CT being the first; may be repeated",
    )
    group.add_argument(
        "--folds", default="", metavar="0,1,2|all", help="folds of an nnU-Net (default: all)"
    )
    group.add_argument(
        "--mirror", action="store_true", help="mean over mirrored passes (up to 8 times slower)"
    )
    group.add_argument(
        "--exact",
        action="store_true",
        help="the model's own way over the whole scan, for comparison (slow)",
    )
    group.add_argument(
        "--raw-labels",
        action="store_true",
        help="with --exact: write the model's own label map too (raw_labels.nii.gz)",
    )
    add_axes_option(group)


def wanted_models(options: argparse.Namespace) -> WantedModels:
    """What the options of `add_engine_options` and `add_foreign_options` say."""
    from ...models.class_roles import parse_map
    from ...models.foreign import ModelChoice
    from ..wanted_models import WantedModels

    if options.raw_labels and not options.exact:
        raise InputError(
            "--raw-labels goes with --exact: otherwise the model sees the kidneys' regions only."
        )
    folds = tuple(part.strip() for part in options.folds.split(",") if part.strip())
    choice = ModelChoice(
        exact=options.exact,
        mirror=options.mirror,
        roles=parse_map(options.map),
        folds=folds,
        axes=options.axes,
    )
    lesions, channels = tuple(options.lesions), tuple(options.channel)
    return WantedModels(options.model, options.kidneys, lesions, choice, channels)


def add_labels_option(parser: argparse.ArgumentParser) -> None:
    """Option that says what the numbers of a label map mean."""
    parser.add_argument(
        "--labels",
        dest="scheme",
        metavar="SCHEME",
        help="what the numbers mean, where the file does not say it itself: kidneyseg (1 right "
        "kidney, 2 left kidney, 3 tumor, 4 cyst), kits (1 kidney, 2 tumor, 3 cyst), "
        "totalsegmentator, amos, btcv, or NUMBER=ROLE,... such as 2=right_kidney,3=left_kidney",
    )


def add_result_options(parser: argparse.ArgumentParser) -> None:
    """Options of commands that make a result of a CT: which series, and how it is written."""
    parser.add_argument(
        "--series", metavar="UID|NUMBER", help="DICOM series to use: its instance UID or number"
    )
    parser.add_argument(
        "--no-dates", action="store_true", help="leave the study's date out of all results"
    )
    parser.add_argument("--json", action="store_true", help="JSON lines on standard output")
    parser.add_argument("--overwrite", action="store_true", help="replace results that are there")


def add_training_options(parser: argparse.ArgumentParser, *, data: str) -> None:
    """Options of commands that prepare a training with a model."""
    parser.add_argument("--data", type=Path, required=True, help=data)
    parser.add_argument("--out", type=Path, required=True, help="folder of the training")
    parser.add_argument("--model", help="model package that is used (default: the shipped one)")
    parser.add_argument("--device", default="auto", help="auto, cuda, cuda:N, mps, cpu or openvino")
