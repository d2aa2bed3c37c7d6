"""Reports: what the functions of the package return, as a table with a title and notes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class Report(ABC):
    """A typed answer that can be read as a table; notebooks and ``print`` show it as one."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What the table shows."""

    @property
    @abstractmethod
    def notes(self) -> tuple[str, ...]:
        """Sentences to read below the table, in order."""

    @abstractmethod
    def to_frame(self) -> pd.DataFrame:
        """Return the table; what is not known is missing there."""

    def __str__(self) -> str:
        table = self.to_frame().to_string(index=False, na_rep="–", float_format="{:.4g}".format)
        return "\n".join([self.title, table, *self.notes])

    def _repr_html_(self) -> str:
        table = self.to_frame().to_html(index=False, border=0, na_rep="–", float_format="{:.4g}".format)
        notes = "".join(f"<p>{escape(note)}</p>" for note in self.notes)
        return f"<div><p><b>{escape(self.title)}</b></p>{table}{notes}</div>"
