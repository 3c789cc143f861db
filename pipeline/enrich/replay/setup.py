"""From a folder to a replay: which kind of folder it is, and the settings a run over it needs."""

from pathlib import Path
from typing import Any, Final

from pipeline.domain.canonical import digest_of
from pipeline.domain.names import Platform
from pipeline.enrich.fetch.adapters import make_adapters
from pipeline.enrich.rehearsal import practice_catalogue
from pipeline.enrich.replay.folder import FolderShelf, questions_of
from pipeline.enrich.replay.recordings import RecordingsShelf
from pipeline.enrich.replay.replaying import Replay
from pipeline.errors import BadInput
from pipeline.settings import Settings
from pipeline.transport.recording import MANIFEST, Manifest, Recording

__all__ = ["manifest_of", "open_replay", "replay_place"]

_GATHERED: Final = "INDEX.json"
_PRACTICE: Final = "practice"
_NOBODY: Final = "replay"


def manifest_of(settings: Settings) -> Manifest:
    """What a recording made under these settings says of itself."""
    return Manifest(
        platforms=tuple(sorted(p.value for p in Platform if settings.why_off(p) is None)),
        has_pictures=settings.images.enabled,
        catalogue=_catalogue_name(settings.catalogue),
        questions=questions_of(make_adapters(settings)),
    )


def replay_place(settings: Settings, folder: Path) -> Path:
    """Where a replay keeps its ledger and points unless told otherwise: apart from all others, by folder."""
    whole = folder.absolute()
    return settings.checkpoints / "replay" / f"{whole.name}-{digest_of(str(whole))[:8]}"


def open_replay(settings: Settings, folder: Path, *, catalogue: str | None) -> tuple[Settings, Replay]:
    """The replay of a folder, and the settings for it: the recorded platforms on, nothing kept on a server.

    ``catalogue`` is the one named for this run; without it the recorded run's is taken, else the settings' own. Raises
    ``BadInput`` for a folder that is no recording and for a catalogue that would have to be downloaded.
    """
    if (folder / MANIFEST).is_file():
        recording = Recording(folder)
        about = recording.about
    elif (folder / _GATHERED).is_file():
        recording, about = None, Manifest(platforms=tuple(platform.value for platform in Platform))
    else:
        raise BadInput(
            f"{str(folder)!r} is no recording: it holds neither {MANIFEST} (a run with --record writes it) "
            f"nor {_GATHERED}"
        )
    found = _replayed(settings, about, catalogue or _recorded_catalogue(about) or settings.catalogue)
    adapters = make_adapters(found)
    shelf = RecordingsShelf(folder, adapters) if recording is None else FolderShelf(recording, adapters)
    return found, Replay(shelf)


def _replayed(settings: Settings, about: Manifest, catalogue: str | None) -> Settings:
    if _is_remote(catalogue):
        raise BadInput(f"a replay opens no connection, so it cannot read {catalogue!r}: name a file with --catalogue")
    given: dict[str, Any] = settings.model_dump()
    for platform in Platform:
        section = settings.platforms.of(platform)
        is_forbidden = not section.enabled and "enabled" in section.model_fields_set
        given["platforms"][platform.value]["enabled"] = not is_forbidden and (
            section.enabled or platform.value in about.platforms
        )
    if Platform.ANIDB.value in about.platforms:
        given["platforms"]["anidb"]["client"] = settings.platforms.anidb.client or _NOBODY
    given["images"]["enabled"] = settings.images.enabled and about.has_pictures
    given |= {
        "contact": settings.contact or _NOBODY,
        "catalogue": catalogue,
        "speed": 1.0,
        "ledger_url": None,
        "blobs_url": None,
    }
    given["store"]["url"] = None
    return Settings(**given)


def _catalogue_name(catalogue: str | None) -> str | None:
    """Addresses are left out: they may carry a secret, and a replay downloads nothing."""
    if catalogue is None or _is_remote(catalogue):
        return None
    return _PRACTICE if catalogue == practice_catalogue() else str(Path(catalogue).absolute())


def _recorded_catalogue(about: Manifest) -> str | None:
    if about.catalogue == _PRACTICE:
        return practice_catalogue()
    return about.catalogue if about.catalogue is not None and Path(about.catalogue).is_file() else None


def _is_remote(catalogue: str | None) -> bool:
    return catalogue is not None and "://" in catalogue
