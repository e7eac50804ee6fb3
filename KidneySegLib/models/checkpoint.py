"""Weights from files of other projects: read as data, never run.

``torch.load`` with ``weights_only`` builds tensors and plain containers; everything else in such
a file is a program (pickle). The few NumPy names that nnU-Net's checkpoints bring are allowed by
hand.
"""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.errors import ModelError
from ..environment.memory import available_bytes

if TYPE_CHECKING:
    import torch
    from torch import nn

# Before a tensor's real name: of torch.compile, and of training on several GPUs.
_WRAPPERS = ("_orig_mod.", "module.")
_MOST_NAMED = 3


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Content of a checkpoint file, tensors on the CPU.

    Raises
    ------
    ModelError
        If it is missing, damaged, larger than memory, or holds anything but data; what it holds
        is named.
    """
    import torch

    if not path.is_file():
        raise ModelError(f"The model has no '{path.name}'. Expected it in '{path.parent}'.")
    try:
        _require_room(path)
        with torch.serialization.safe_globals(_numpy_names()):
            data = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"'{path.name}' holds more than weights ({_named(path)}). Such a file can run "
            "programs; it was not opened. Ask its authors for a file of weights alone."
        ) from error
    except (RuntimeError, EOFError, KeyError, ValueError, TypeError, IndexError, OSError) as error:
        raise ModelError(
            f"'{path.name}' is damaged, or no checkpoint of torch. Download it again."
        ) from error
    except (
        AttributeError,
        AssertionError,
        OverflowError,
        ImportError,
        struct.error,
        zipfile.BadZipFile,
    ) as error:
        raise ModelError(
            f"'{path.name}' is damaged, or no checkpoint of torch. Download it again."
        ) from error
    if not isinstance(data, dict):
        raise ModelError(f"'{path.name}' holds no dictionary. Expected a checkpoint with weights.")
    return data


def _require_room(path: Path) -> None:
    """Refuse a file that would not fit into memory, or that unpacks to far more than it is."""
    size = path.stat().st_size
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as stored:
            size = max(size, sum(entry.file_size for entry in stored.infolist()))
    free = available_bytes()
    if free is not None and size > free:
        raise ModelError(
            f"'{path.name}' needs {size / 1e9:.1f} GB of memory, and {free / 1e9:.1f} GB are free. "
            "Close other programs, or use a computer with more memory."
        )


def _numpy_names() -> list[Any]:
    """Names of NumPy that are data: numbers with their types."""
    import numpy as np

    scalar = numpy_scalar()
    kinds = [type(np.dtype(name)) for name in ("f4", "f8", "i4", "i8", "u1", "?")]
    return [scalar, (scalar, "numpy.core.multiarray.scalar"), np.dtype, *kinds]


def numpy_scalar() -> Any:
    """NumPy's function that makes a number of bytes; its module moved with version 2."""
    import numpy as np

    return (getattr(np, "_core", None) or np.core).multiarray.scalar


def _named(path: Path) -> str:
    """What a checkpoint asks for that is no data."""
    import torch

    try:
        found = sorted(torch.serialization.get_unsafe_globals_in_checkpoint(str(path)))
    except Exception:  # it cannot even be listed; the message goes without names
        return "programs"
    more = ", ..." if len(found) > _MOST_NAMED else ""
    return ", ".join(found[:_MOST_NAMED]) + more if found else "programs"


def plain_tensors(weights: Any, name: str) -> dict[str, torch.Tensor]:
    """Tensors under their names in the network, without what training wrapped around it.

    Raises
    ------
    ModelError
        If there are none, or one holds numbers that are none.
    """
    import torch

    if not isinstance(weights, Mapping) or not weights:
        raise ModelError(f"'{name}' holds no weights. Expected tensors under their names.")
    tensors = {}
    for key, tensor in weights.items():
        if not isinstance(key, str) or not isinstance(tensor, torch.Tensor):
            raise ModelError(f"'{name}' holds '{str(key)[:40]}' among its weights, no tensor.")
        plain = tensor.layout is torch.strided and not tensor.is_meta
        if not plain or tensor.is_quantized or tensor.is_complex():
            raise ModelError(f"'{name}' holds '{key[:60]}' in a form that is not supported.")
        if not tensor.is_meta and tensor.numel() * tensor.element_size() > _stored(tensor):
            raise ModelError(f"'{name}' holds '{key[:60]}', which is far larger than its content.")
        for wrapper in _WRAPPERS:
            key = key.removeprefix(wrapper)
        tensors[key] = tensor.float() if tensor.is_floating_point() else tensor
    broken = [key for key, tensor in tensors.items() if not bool(torch.isfinite(tensor).all())]
    if broken:
        raise ModelError(
            f"The weights in '{name}' are not numbers in {len(broken)} of {len(tensors)} tensors "
            f"('{broken[0]}'). The training failed, or the file is damaged; it is not used."
        )
    return tensors


def _stored(tensor: torch.Tensor) -> int:
    """Bytes behind a tensor; one that is expanded has more values than that."""
    return tensor.untyped_storage().nbytes()


def fill(network: nn.Module, tensors: Mapping[str, torch.Tensor], name: str) -> nn.Module:
    """A network with these weights, in evaluation mode.

    Raises
    ------
    ModelError
        If a tensor is missing, left over, or of another shape.
    """
    from .weights import own_tensors

    wanted = own_tensors(network)
    misfit = sorted(set(wanted) ^ set(tensors)) or sorted(
        key
        for key, tensor in wanted.items()
        if tensor.shape != tensors[key].shape or tensor.dtype != tensors[key].dtype
    )
    if misfit:
        key = misfit[0]
        if key not in tensors:
            kind = "is missing"
        elif key not in wanted:
            kind = "is unexpected"
        else:
            kind = f"has the shape {_shape(tensors[key])} instead of {_shape(wanted[key])}"
        raise ModelError(
            f"The weights in '{name}' are of another network than the model describes: tensor "
            f"'{key}' {kind} ({len(misfit)} in all). Get the model's files together again."
        )
    network.load_state_dict(dict(tensors), strict=False, assign=True)  # it may have no memory yet
    return network.eval()


def _shape(tensor: torch.Tensor) -> str:
    """A tensor's shape as people write it."""
    return " x ".join(str(n) for n in tensor.shape) or "one number"
