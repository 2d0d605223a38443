"""Which device and which precision really do the work."""

from dataclasses import dataclass

import torch

from tcm_core.errors import DeviceUnavailable


@dataclass(frozen=True)
class Device:
    """A device and the number type of its forward passes."""

    device: torch.device
    precision: torch.dtype

    def __str__(self) -> str:
        kind = {torch.bfloat16: "bf16", torch.float16: "fp16", torch.float32: "fp32"}[self.precision]
        if self.device.type == "cuda":
            return f"{self.device} {torch.cuda.get_device_name(self.device)}, {kind}"
        threads = torch.get_num_threads()
        return f"cpu, {threads} thread{'s' if threads > 1 else ''}, {kind}"


def choose_device(wanted: str = "auto") -> Device:
    """The device of a name: "auto" (CUDA if there is one), "cpu", "cuda" or "cuda:N".

    Raises:
        DeviceUnavailable: CUDA was asked for and is not there, or the name is unknown.
    """
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cpu":
        fast = bool(
            torch.backends.cpu.get_cpu_capability() == "AVX512"
            and torch.ops.mkldnn._is_mkldnn_bf16_supported()
        )
        return Device(torch.device("cpu"), torch.bfloat16 if fast else torch.float32)
    if not wanted.startswith("cuda"):
        raise DeviceUnavailable(f"unknown device {wanted!r}; use auto, cpu or cuda")
    if not torch.cuda.is_available():
        raise DeviceUnavailable(
            "CUDA was asked for, but this machine or this build of PyTorch has none; use auto or cpu"
        )
    index = int(wanted.partition(":")[2] or 0)
    if index >= torch.cuda.device_count():
        raise DeviceUnavailable(
            f"{wanted}: there are {torch.cuda.device_count()} CUDA devices, counted from 0"
        )
    return Device(torch.device("cuda", index), torch.float16)
