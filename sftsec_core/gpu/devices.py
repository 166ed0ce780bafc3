"""A GPU, or a MIG slice of one, as a run may lease it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GpuProcess:
    """A process that computes on a device.

    Attributes:
        pid: as the driver reports it.
        memory: bytes of the device's memory that it holds; None where the driver does not say.
        owner: the user; None where this machine's process table does not show the process (it
            ended, or it runs in another container).
        command: the name of its program; None as above.
        ours: it is this process or a descendant of it.
    """

    pid: int
    memory: int | None = None
    owner: str | None = None
    command: str | None = None
    ours: bool = False

    @property
    def text(self) -> str:
        """The process for a person: "4711 ann python"."""
        return " ".join(str(part) for part in (self.pid, self.owner, self.command) if part)


@dataclass(frozen=True, slots=True)
class GpuDevice:
    """What one lease may hold: a whole GPU, or one MIG slice of a GPU that is divided.

    Attributes:
        uuid: "GPU-..." or "MIG-...", which CUDA_VISIBLE_DEVICES takes. The same in every
            container of a machine, and on no other machine.
        index: the driver's number ("0"); of a slice the GPU's and its own ("0:1").
        name: the model.
        total: bytes of memory; None where the driver does not say (memory shared with the CPU).
        free: bytes of it that nobody holds; None as above.
        utilisation: fraction of the last moment in which it computed, 0 to 1; None for a slice.
        processes: what computes on it.
    """

    uuid: str
    index: str
    name: str
    total: int | None
    free: int | None
    utilisation: float | None
    processes: tuple[GpuProcess, ...] = ()

    @property
    def is_slice(self) -> bool:
        """Whether it is a MIG slice; a process can use one slice only."""
        return ":" in self.index

    def is_called(self, name: str) -> bool:
        """Whether a name means this device: an index, a UUID or the beginning of a UUID.

        The index of a GPU that is divided means each of its slices.
        """
        if name.isdigit():
            return self.index.partition(":")[0] == name
        is_uuid = name.startswith(("GPU-", "MIG-"))
        return self.index == name or (is_uuid and self.uuid.startswith(name))


@dataclass(frozen=True, slots=True)
class GpuSurvey:
    """The devices of this machine at one moment.

    Attributes:
        devices: those that answer, in the driver's order.
        failed: a line for each that does not: "GPU 1: GPU is lost".
        unavailable: why the driver cannot be asked at all; None where it can.
    """

    devices: tuple[GpuDevice, ...] = ()
    failed: tuple[str, ...] = ()
    unavailable: str | None = None

    def visible(self, value: str | None) -> GpuSurvey:
        """The devices that a value of CUDA_VISIBLE_DEVICES leaves, in its order.

        As CUDA reads it: the first entry that names no device ends the list. None leaves all.
        """
        if value is None:
            return self
        found: list[GpuDevice] = []
        for name in (part.strip() for part in value.split(",")):
            meant = [each for each in self.devices if name and each.is_called(name)]
            if not meant:
                break
            found += [each for each in meant if each not in found]
        return GpuSurvey(tuple(found), self.failed, self.unavailable)
