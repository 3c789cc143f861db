"""What to ask AniDB for one title: one answer holds everything, so there is one question."""

from typing import Final

from pipeline.domain.exchange import Request, Wanted
from pipeline.domain.names import Platform
from pipeline.errors import BadInput

__all__ = ["ANIME", "plan_title"]

ANIME: Final = "anime"


def plan_title(wanted: Wanted, client: str, client_version: int) -> tuple[Request, ...]:
    """The one request, unless its answer is there."""
    if not (wanted.id.isascii() and wanted.id.isdigit()):
        raise BadInput(f"{wanted.id!r} is not an AniDB id; give the number from the title's address")
    if ANIME in wanted.parts:
        return ()
    params = (
        ("request", "anime"),
        ("client", client),
        ("clientver", str(client_version)),
        ("protover", "1"),
        ("aid", wanted.id),
    )
    return (Request(Platform.ANIDB, ANIME, "/httpapi", (wanted.id,), params),)
