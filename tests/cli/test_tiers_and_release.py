"""``--tier``, and the end of a quarantine, on the command line."""

import json
import time
from contextlib import closing
from pathlib import Path

from commanding import TITLES, anime_enrich, told

from pipeline.domain.names import Platform
from pipeline.ledger import Ledger
from pipeline.ledger.quarantine import Quarantine

PRACTICE = ("--practice", "--speed", "60")


def test_a_run_and_its_plan_stop_at_the_tier_named(tmp_path: Path) -> None:
    """Nobody is asked at the first tier, pages are left out at the second, and plan says the same beforehand."""
    planned = anime_enrich("plan", *TITLES, "--practice", "--tier", "apis", "--json", folder=tmp_path)
    platforms = json.loads(planned.stdout)["platforms"]
    assert [name for name, one in platforms.items() if one["off"]] == ["anime_planet"]
    ended = anime_enrich("run", *TITLES, *PRACTICE, "--tier", "catalogue", "--json", folder=tmp_path)
    report = json.loads(ended.stdout)
    assert (ended.returncode, report["done"], report["tier"]) == (0, 3, "catalogue")
    assert report["requests"].keys() <= {"images"}
    ended = anime_enrich("run", *TITLES, *PRACTICE, "--tier", "apis", folder=tmp_path)
    assert ended.returncode == 0
    assert "tier      apis: a run with a farther --tier asks the platforms left out" in ended.stdout
    ended = anime_enrich("run", *TITLES, *PRACTICE, "--json", folder=tmp_path)
    assert json.loads(ended.stdout)["requests"].keys() <= {"anime_planet", "images"}
    ended = anime_enrich("run", *TITLES, *PRACTICE, "--tier", "apis", folder=tmp_path)
    assert "nothing to do" in ended.stdout


def test_a_tier_that_is_none_is_refused(tmp_path: Path) -> None:
    """The message names those there are."""
    ended = anime_enrich("run", *TITLES, "--practice", "--tier", "moon", folder=tmp_path)
    assert ended.returncode == 2
    assert all(tier in ended.stderr for tier in ("catalogue", "apis", "pages"))


def test_a_quarantine_is_shown_and_ended(own: Path) -> None:
    """By status, doctor and a run that has nothing to do; released, nobody speaks of it any more."""
    where = ("--practice", "--checkpoints", str(own))
    with closing(Ledger(f"sqlite:///{own / 'ledger.sqlite3'}", str(own / "blobs"), now=time.time)) as ledger:
        quarantine = Quarantine(time.time(), time.time() + 3600, "synopses: there 0 times in 20", {"samples": ["{}"]})
        ledger.quarantines.impose(Platform.KITSU, quarantine, [])
    shown = anime_enrich("status", *where, folder=own.parent).stdout
    assert "left alone kitsu since" in shown
    assert "`anime-enrich release kitsu`" in " ".join(shown.split())
    status = json.loads(anime_enrich("status", *where, "--json", folder=own.parent).stdout)
    assert status["quarantined"]["kitsu"]["evidence"] == {"samples": ["{}"]}
    doctor = anime_enrich("doctor", "--offline", *where, "--json", folder=own.parent)
    [check] = [c for c in json.loads(doctor.stdout)["checks"] if c["name"] == "kitsu quarantine"]
    assert (check["state"], doctor.returncode) == ("bad", 1)
    ended = anime_enrich("run", *TITLES, *where, folder=own.parent)
    assert ended.returncode == 3
    assert "left alone kitsu: synopses: there 0 times in 20" in ended.stdout
    ended = anime_enrich("release", "kitsu", *where, folder=own.parent)
    assert ended.returncode == 0
    assert "kitsu is asked again in the next run" in ended.stdout
    assert "was not in quarantine" in anime_enrich("release", "kitsu", *where, folder=own.parent).stdout
    assert anime_enrich("run", *TITLES, *where, folder=own.parent).returncode == 0


def test_a_release_looks_where_it_is_told(tmp_path: Path) -> None:
    """Where nothing was done yet there is nothing to end."""
    assert "nothing was done yet" in told(anime_enrich("release", "kitsu", "--practice", folder=tmp_path), 2)
