"""Numbers with their bounds, as pydantic's models check them."""

from typing import Annotated

from pydantic import Field

__all__ = ["Count", "Rank", "Score10", "Several", "Share"]

Share = Annotated[float, Field(ge=0.0, le=1.0)]
"""A part of a whole, a confidence, a likeness."""
Score10 = Annotated[float, Field(ge=0.0, le=10.0)]
"""A score on the scale of 0 to 10."""
Count = Annotated[int, Field(ge=0)]
"""How many; none is a number too."""
Several = Annotated[int, Field(ge=1)]
"""How many, where none would mean nothing."""
Rank = Annotated[int, Field(ge=1)]
"""A place in a list, the first is 1."""
