"""Findings: what the user must know about an input or a result."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .errors import InputError


class Severity(Enum):
    """How much a finding matters: an error stops the run."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """One thing found.

    Attributes
    ----------
    severity : Severity
    code : str
        Short stable name, for programs.
    message : str
        What was found, what was expected, what to do.
    """

    severity: Severity
    code: str
    message: str

    def as_dict(self) -> dict[str, str]:
        """Plain dictionary for JSON."""
        return {"severity": self.severity.value, "code": self.code, "message": self.message}


def warning(code: str, message: str) -> Finding:
    """Shorthand for a warning."""
    return Finding(Severity.WARNING, code, message)


def info(code: str, message: str) -> Finding:
    """Shorthand for a remark."""
    return Finding(Severity.INFO, code, message)


def error(code: str, message: str) -> Finding:
    """Shorthand for an error."""
    return Finding(Severity.ERROR, code, message)


def raise_errors(findings: list[Finding]) -> None:
    """Stop at the first error, with its message.

    Raises
    ------
    InputError
        If a finding is an error.
    """
    for finding in findings:
        if finding.severity is Severity.ERROR:
            raise InputError(finding.message)
