"""``animeschedule sweep`` and ``jikan sweep`` as an operator types them."""

import json
import time
from contextlib import closing
from pathlib import Path

from commanding import anime_enrich, told

from pipeline.domain.names import Platform
from pipeline.ledger import Ledger
from pipeline.ledger.quarantine import Quarantine


def test_the_whole_list_is_swept_once(tmp_path: Path) -> None:
    """One page of practice records; again within a day nothing is asked."""
    ended = anime_enrich("animeschedule", "sweep", "--practice", "--speed", "60", folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "pages     1, 1 of them asked for now" in ended.stdout
    again = anime_enrich("animeschedule", "sweep", "--practice", "--json", folder=tmp_path)
    said = json.loads(again.stdout)
    assert (said["pages"], said["asked"], said["titles_changed"], said["is_whole"]) == (1, 0, 0, True)
    planned = json.loads(anime_enrich("plan", "--practice", "--all", "--json", folder=tmp_path).stdout)
    assert planned["platforms"]["animeschedule"]["requests"] == {}


def test_a_platform_that_is_off_is_not_swept(tmp_path: Path) -> None:
    """The setting is named."""
    off = {"ANIME_ENRICH_PLATFORMS__ANIMESCHEDULE__ENABLED": "false"}
    message = told(anime_enrich("animeschedule", "sweep", folder=tmp_path, env=off), 2)
    assert "platforms.animeschedule.enabled" in message


def test_myanimelists_list_spares_records_where_it_is_enough(tmp_path: Path) -> None:
    """One page; with ``list`` as the base no record of a swept title is planned, with ``full`` all are."""
    ended = anime_enrich("jikan", "sweep", "--practice", "--speed", "60", folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "pages     1, 1 of them asked for now; 22 records" in ended.stdout
    assert "left      1 records of nothing the catalogue lists" in ended.stdout
    for base, records in (("full", 22), ("list", 1)):
        env = {"ANIME_ENRICH_PLATFORMS__JIKAN__BASE": base}
        planned = json.loads(anime_enrich("plan", "--practice", "--all", "--json", folder=tmp_path, env=env).stdout)
        assert planned["platforms"]["jikan"]["requests"]["full"] == records


def test_a_platform_in_quarantine_is_not_swept(tmp_path: Path) -> None:
    """Until when, why, and what ends it; nothing is asked."""
    folder = tmp_path / "ledger"
    folder.mkdir()
    with closing(Ledger(f"sqlite:///{folder / 'ledger.sqlite3'}", str(folder / "blobs"), now=time.time)) as ledger:
        quarantine = Quarantine(time.time(), time.time() + 3600, "synopses: there 0 times in 20", {})
        ledger.quarantines.impose(Platform.JIKAN, quarantine, [])
    ended = anime_enrich("jikan", "sweep", "--practice", "--checkpoints", str(folder), folder=tmp_path)
    message = told(ended, 1)
    assert "(synopses: there 0 times in 20): `anime-enrich release jikan` ends that" in message
