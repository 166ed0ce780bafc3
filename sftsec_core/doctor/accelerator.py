"""The installed torch, the loaded driver, and the encoder that recipes start from."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from sftsec_core.api.errors import SftsecError
from sftsec_core.doctor.finding import Finding, fault, ok, warning
from sftsec_core.recipes.encoder_files import HUB, encoders_relative_to, resolve_encoder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from sftsec_core.recipes.config import EncoderSettings

_TORCH_S, _DRIVER_S = 120, 20
# In a process of its own: a damaged CUDA library may end the process that loads it.
_ASK_TORCH = """
import json, sys, warnings
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    import torch
    there = torch.cuda.is_available()
names = [torch.cuda.get_device_name(n) for n in range(torch.cuda.device_count())] if there else []
said = [" ".join(str(each.message).split()) for each in told if "driver" in str(each.message)]
print(json.dumps({"version": torch.__version__, "cuda": torch.version.cuda, "devices": names,
                  "said": said[0] if said else ""}))
"""
# The oldest driver of each CUDA release on Linux, as NVIDIA's table of compatibility has it.
_DRIVERS = {"13": "580", "12": "525", "11": "450"}


@dataclass(frozen=True, slots=True)
class Torch:
    """What torch says of itself.

    Attributes:
        cuda: the CUDA that it was built for; None for a build without.
        devices: the names of the accelerators that it can use.
        said: its warning about the driver; "" where it has none.
    """

    version: str
    cuda: str | None
    devices: tuple[str, ...] = ()
    said: str = ""


def ask_torch() -> Torch | str | None:
    """What torch says of itself, in a process of its own; None where it is not installed.

    Returns:
        A line instead, where it cannot be imported.
    """
    if find_spec("torch") is None:
        return None
    command = [sys.executable, "-c", _ASK_TORCH]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TORCH_S, check=True)
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return f"it was not imported within {_TORCH_S} s"
    except subprocess.CalledProcessError as error:
        last = error.stderr.strip().splitlines()
        return last[-1] if last else f"its import ended with code {error.returncode}"
    return Torch(said["version"], said["cuda"], tuple(said["devices"]), said["said"])


def ask_driver() -> tuple[str, ...] | None:
    """A line for each GPU that NVIDIA's driver knows; None where there is no driver.

    Returns:
        Empty where a driver is there and does not answer.
    """
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    asked = [program, "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, timeout=_DRIVER_S, check=True)
    except (subprocess.SubprocessError, OSError):
        return ()
    return tuple(line.strip() for line in done.stdout.splitlines() if line.strip())


def check_torch(
    torch: Torch | str | None, gpus: tuple[str, ...] | None, *, needed: bool
) -> Iterator[Finding]:
    """Whether torch can be used, and whether it uses the GPU that is there.

    Args:
        torch: what `ask_torch` gave.
        gpus: what `ask_driver` gave.
        needed: a task's recipe needs torch.
    """
    if torch is None:
        # That a recipe lacks it is said where the packages are.
        yield ok("torch", "not installed; recipes of the extra `train` cannot be used")
    elif isinstance(torch, str):
        judge = fault if needed else warning
        yield judge("torch", f"cannot be imported: {torch}", "pip install --force-reinstall torch")
    elif torch.devices:
        yield ok("torch", f"{torch.version}, CUDA {torch.cuda}, {', '.join(torch.devices)}")
    else:
        yield _without_device(torch, gpus)


def _without_device(torch: Torch, gpus: tuple[str, ...] | None) -> Finding:
    if torch.cuda is None:
        if gpus:
            return warning(
                "torch",
                f"{torch.version} is a build without CUDA, and a GPU is there ({gpus[0]})",
                "install torch from an index of CUDA wheels",
            )
        return ok("torch", f"{torch.version}, CPU only")
    if gpus is None:
        return warning(
            "torch",
            f"{torch.version} is built for CUDA {torch.cuda}, and no NVIDIA driver is there: "
            "it computes on the CPU",
            f"install NVIDIA's driver {_oldest(torch.cuda)} or newer, or a smaller CPU-only build",
        )
    said = torch.said or "torch finds no device"
    return fault(
        "torch",
        f"{torch.version} is built for CUDA {torch.cuda} and cannot use the GPU: {said}",
        f"install NVIDIA's driver {_oldest(torch.cuda)} or newer; in a container, pass the GPU in",
    )


def _oldest(cuda: str) -> str:
    return _DRIVERS.get(cuda.split(".", maxsplit=1)[0], "of its release")


def check_driver(gpus: tuple[str, ...] | None) -> Iterator[Finding]:
    """Which GPUs the driver knows."""
    if gpus is None:
        yield ok("gpu", "no NVIDIA driver")
    elif not gpus:
        yield fault("gpu", "NVIDIA's driver does not answer", "load its kernel module")
    else:
        yield ok("gpu", "; ".join(gpus))


def check_encoders(encoders: Iterable[EncoderSettings], base: Path | None) -> Iterator[Finding]:
    """Whether each configured encoder is there, with the digest that it must have.

    Args:
        encoders: those of the tasks' recipes.
        base: the folder of sftsec.yaml.
    """
    for each in dict.fromkeys(encoders):
        if each.path.startswith(HUB):
            yield ok("encoder", f"{each.path} is fetched, and checked, when it is first used")
            continue
        try:
            with encoders_relative_to(base):
                found = resolve_encoder(each)
        except SftsecError as error:
            yield fault("encoder", str(error), "restore its files, or correct `encoder`")
        else:
            yield ok("encoder", f"{each.path}, {len(found.files)} files, {found.digest[:12]}")
