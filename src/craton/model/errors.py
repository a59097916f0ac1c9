"""The error tree: grouped by what the caller can do about it."""

from __future__ import annotations

from collections.abc import Callable


class CratonError(Exception):
    """Any failure Craton reports; `kind` is stable, the words may change.

    Parameters
    ----------
    message : str
        One sentence: what is wrong, what is allowed, what came.
    hint : str
        What to do about it, where that is known.
    """

    kind = "error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n\nhint: {self.hint}" if self.hint else self.message


class RefusedError(CratonError):
    """The input cannot become a dataset; `code` says why and is stable.

    Raised by readers. The file is left out, the batch goes on.
    """

    kind = "refused"

    def __init__(self, code: str, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class InvalidError(CratonError):
    """An argument is out of its legal range; change the argument."""

    kind = "invalid"


class ContractError(InvalidError):
    """An input, parameter or result breaks what a process declares; change what came.

    Parameters
    ----------
    process, parameter : str
        Identifier of the process, and name of the parameter or output.
    allowed, came : str
        What may be given, and what was.
    """

    kind = "contract"

    def __init__(self, process: str, parameter: str, allowed: str, came: str, *, hint: str = "") -> None:
        super().__init__(f"{process}: `{parameter}` must be {allowed}, not {came}", hint=hint)
        self.process, self.parameter, self.allowed, self.came = process, parameter, allowed, came

    def __reduce__(self) -> tuple[Callable[..., ContractError], tuple[str, ...]]:
        return _contract_error, (self.process, self.parameter, self.allowed, self.came, self.hint)


def _contract_error(process: str, parameter: str, allowed: str, came: str, hint: str) -> ContractError:
    return ContractError(process, parameter, allowed, came, hint=hint)


class CancelledError(CratonError):
    """The job was dismissed while it ran."""

    kind = "cancelled"


class JobError(CratonError):
    """A job failed in its process, or could not be kept within its limits."""

    kind = "job"


class NotFoundError(CratonError):
    """No such node, dataset, version or asset."""

    kind = "not-found"


class ConflictError(CratonError):
    """Someone else changed it first; read again and retry."""

    kind = "conflict"


class StorageError(CratonError):
    """The disk or object store refused; nothing was written."""

    kind = "storage"


class BeingMadeError(CratonError):
    """What answers is being made ready; ask again after `seconds`."""

    kind = "being-made"

    def __init__(self, message: str, *, seconds: int = 30) -> None:
        super().__init__(message, hint=f"ask again in {seconds} s")
        self.seconds = seconds


class SettingError(CratonError):
    """A setting is missing or wrong; fix the node's `craton.toml` or environment."""

    kind = "setting"
