"""Errors that reach the user: each message says what was found, what was expected, what to do."""


class KidneySegError(Exception):
    """Base of every error with a message meant for the user.

    Parameters
    ----------
    message : str
        What was found, what was expected, what to do.
    remedy : str
        Code of what helps, for whoever can word it with an option or a button; empty without one.
    """

    def __init__(self, message: str = "", *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class InputError(KidneySegError):
    """The input image, label map or option cannot be used."""


class GeometryError(InputError):
    """Two grids do not fit together, or a grid is not usable."""


class ModelError(KidneySegError):
    """A model package is damaged, incomplete or not supported."""


class OutputError(KidneySegError):
    """The result cannot be written where the user asked."""


class DeviceError(KidneySegError):
    """The compute device asked for is not there."""


class CanceledError(KidneySegError):
    """The user canceled the run; nothing was written."""
