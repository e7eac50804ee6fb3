"""``kidneyseg models``: the models that are there, and those that can be had."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.errors import InputError
from ..console import Console
from .options import MAP_HELP, add_axes_option

if TYPE_CHECKING:
    from ...models.opening import Model
    from ...models.store import Entry

_MB = 1e6


def add(commands: argparse._SubParsersAction) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "models",
        help="list, import, check and remove models",
        description="Without a subcommand: list the models that are there.",
    )
    parser.add_argument("--json", action="store_true", help="JSON on standard output")
    parser.set_defaults(run=run)
    subcommands = parser.add_subparsers(metavar="SUBCOMMAND")
    for subcommand in _SUBCOMMANDS:
        own = subcommand(subcommands)
        own.add_argument(
            "--json", action="store_true", default=argparse.SUPPRESS, help="JSON lines"
        )


def _add_show(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """``models show``."""
    parser = commands.add_parser("show", help="what is known of a model")
    parser.add_argument("model", metavar="NAME|FOLDER|ZIP")
    parser.set_defaults(run=run_show)
    return parser


def _add_import(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """``models import``."""
    parser = commands.add_parser(
        "import",
        help="copy a model into KidneySeg's folder, and check it",
        description="Formats: KidneySeg, nnU-Net v2, MONAI Auto3DSeg, MONAI bundle. Nothing in a "
        "model's files is run. An address is fetched because you say so; a download that was "
        "interrupted goes on.",
    )
    parser.add_argument("source", metavar="FOLDER|ZIP|URL")
    parser.add_argument("--name", help="how the model is called from now on")
    parser.add_argument("--sha256", help="of the ZIP file, as its authors publish it")
    parser.add_argument("--map", action="append", default=[], metavar="NAME=ROLE", help=MAP_HELP)
    add_axes_option(parser)
    parser.add_argument("--overwrite", action="store_true", help="replace a model of this name")
    parser.set_defaults(run=run_import)
    return parser


def _add_remove(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """``models remove``."""
    parser = commands.add_parser("remove", help="delete an imported model")
    parser.add_argument("name")
    parser.set_defaults(run=run_remove)
    return parser


def _add_verify(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """``models verify``."""
    parser = commands.add_parser("verify", help="check that models are as they were imported")
    parser.add_argument("name", nargs="?", help="one of them (default: all)")
    parser.set_defaults(run=run_verify)
    return parser


def _add_known(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """``models known``."""
    parser = commands.add_parser(
        "known", help="public models of other projects: what they find, license, how to get them"
    )
    parser.set_defaults(run=run_known)
    return parser


def _add_export(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """``models export``."""
    parser = commands.add_parser("export", help="write a model's networks as ONNX files")
    parser.add_argument("model", metavar="NAME|FOLDER|ZIP")
    parser.add_argument("-o", "--output", type=Path, required=True, help="folder for the files")
    parser.set_defaults(run=run_export)
    return parser


def _add_convert(commands: argparse._SubParsersAction) -> argparse.ArgumentParser:
    """``models convert``."""
    parser = commands.add_parser(
        "convert", help="make a folder of nnU-Net v2 of a trained folder of version 1"
    )
    parser.add_argument("folder", type=Path, help="with plans.pkl and fold_0")
    parser.add_argument("-o", "--output", type=Path, required=True, help="new folder")
    parser.add_argument(
        "--labels",
        required=True,
        metavar="NUMBER=NAME,...",
        help="what the classes are, such as 1=kidney,2=tumor: version 1 does not keep it",
    )
    parser.set_defaults(run=run_convert)
    return parser


_SUBCOMMANDS = (
    _add_show, _add_import, _add_remove, _add_verify, _add_known, _add_export, _add_convert,
)  # fmt: skip


def run(options: argparse.Namespace, console: Console) -> int:
    """List the models that are there; returns the exit code."""
    from ...models.registry import model_folders
    from ...models.store import entries

    lines, data = [], []
    imported = entries()
    for name in model_folders():
        model, entry = _opened(name), imported.get(name)
        if isinstance(model, str):
            lines.append(f"{name}\n  cannot be used: {model}")
            data.append({"name": name, "error": model})
            continue
        lines.append(_listed(name, model, entry))
        data.append({"name": name, "version": model.version, "license": model.license})
    console.result({"models": data}, "\n".join(lines) or "No model is installed.")
    return 0


def _opened(name: str) -> Model | str:
    """A model, or why it cannot be used."""
    from ...core.errors import ModelError
    from ...models.opening import open_model

    try:
        return open_model(name)
    except ModelError as error:
        return str(error)


def _listed(name: str, model: Model, entry: Entry | None) -> str:
    """A few lines about a model."""
    from ...models.manifest import ModelPackage

    if isinstance(model, ModelPackage):
        about = f"card: {model.card}"
    else:
        roles = ", ".join(f"{k} ({v})" for k, v in list(model.classes.describe().items())[1:8])
        about = f"{model.format}: {roles}"
    lines = [f"{name}  {model.version}", f"  {model.title}", f"  license: {model.license}"]
    lines.append(f"  {about}")
    if entry is not None:
        lines.append(f"  from {entry.origin}, {entry.imported}, {entry.size_bytes / _MB:.0f} MB")
    return "\n".join(lines)


def run_show(options: argparse.Namespace, console: Console) -> int:
    """Say what is known of a model."""
    from ...models.opening import open_model
    from ...models.store import described, entries

    model = open_model(options.model)
    console.result(model.as_record(), described(model, entries().get(options.model)))
    return 0


def run_import(options: argparse.Namespace, console: Console) -> int:
    """Copy a model into the store."""
    from ...models.class_roles import parse_map
    from ...models.foreign import ModelChoice
    from ...models.opening import open_model
    from ...models.store import described, import_model

    entry = import_model(
        options.source,
        name=options.name,
        sha256=options.sha256,
        choice=ModelChoice(roles=parse_map(options.map), axes=options.axes),
        overwrite=options.overwrite,
        say=lambda what, share: console.progress(what, share, None),
    )
    model = open_model(entry.name)
    data: dict[str, Any] = {"name": entry.name, "sha256": entry.sha256}
    console.result(data | {"bytes": entry.size_bytes}, f"{entry.name}\n{described(model, entry)}")
    return 0


def run_remove(options: argparse.Namespace, console: Console) -> int:
    """Delete a model of the store."""
    from ...models.store import remove

    size = remove(options.name)
    console.result(
        {"removed": options.name, "bytes": size},
        f"'{options.name}' was deleted: {size / _MB:.0f} MB are free again.",
    )
    return 0


def run_verify(options: argparse.Namespace, console: Console) -> int:
    """Check models of the store."""
    from ...core.errors import ModelError
    from ...models.store import entries, verify

    names = [options.name] if options.name else list(entries())
    failed = {}
    for name in names:
        try:
            verify(name)
            console.message("info", f"{name}: as it was imported")
        except ModelError as error:
            failed[name] = str(error)
            console.message("error", f"{name}: {error}")
    console.result(
        {"checked": names, "failed": failed},
        f"{len(names) - len(failed)} of {len(names)} models are as they were imported.",
    )
    return 2 if failed else 0


def run_known(options: argparse.Namespace, console: Console) -> int:
    """List public models of other projects."""
    from ...models.known import known_models, known_text

    models = known_models()
    console.result({"models": models}, "\n\n".join(known_text(model) for model in models))
    return 0


def run_export(options: argparse.Namespace, console: Console) -> int:
    """Write a model's networks as ONNX files."""
    from ...models.onnx_files import export_onnx
    from ...models.opening import open_model

    if options.output.exists() and not options.output.is_dir():
        raise InputError(f"'{options.output}' is a file. Expected a folder.")
    files = export_onnx(open_model(options.model), options.output)
    listed = "\n".join(str(file) for file in files)
    console.result({"files": [file.name for file in files]}, listed)
    return 0


def run_convert(options: argparse.Namespace, console: Console) -> int:
    """Convert a trained folder of nnU-Net version 1."""
    from ...models.nnunet_v1 import convert

    labels = {}
    for part in options.labels.split(","):
        number, _, name = part.strip().partition("=")
        if not number.isdecimal() or not name:
            raise InputError(f"'{part}' names no class. Expected NUMBER=NAME, such as 1=kidney.")
        labels[int(number)] = name
    folder = convert(options.folder, options.output, labels)
    console.result({"folder": folder.name}, f"{folder}\nNow: kidneyseg models import {folder}")
    return 0
