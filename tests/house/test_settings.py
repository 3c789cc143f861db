"""Settings: where they come from, what wins, what is refused, and that no secret is printed."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from pipeline.domain.names import Platform, Service
from pipeline.settings import Settings, is_loopback

LOCAL = {p.value: {"base_url": f"http://127.0.0.1:1/{p.value}"} for p in Platform}


@pytest.fixture(autouse=True)
def _bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without a settings file, and none of the operator's environment."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ANIME_ENRICH_{name.upper()}", raising=False)


def test_the_environment_reaches_every_depth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two underscores go one level down; what is beside keeps its default."""
    monkeypatch.setenv("ANIME_ENRICH_PLATFORMS__JIKAN__BASE_URL", "http://localhost:1/v4")
    monkeypatch.setenv("ANIME_ENRICH_PLATFORMS__JIKAN__BREAKER__FAILURES", "9")
    monkeypatch.setenv("ANIME_ENRICH_WINDOW", "7")
    settings, plain = Settings(), Settings.model_construct().platforms.jikan
    assert settings.platforms.jikan.base_url == "http://localhost:1/v4"
    assert settings.platforms.jikan.breaker.failures == 9
    assert settings.platforms.jikan.limits == plain.limits
    assert settings.window == 7


def test_limits_may_be_given_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list in the environment is JSON."""
    monkeypatch.setenv("ANIME_ENRICH_PLATFORMS__KITSU__LIMITS", '[{"requests": 2, "per_s": 3}]')
    [limit] = Settings().platforms.kitsu.limits
    assert (limit.requests, limit.per_s) == (2, 3.0)


def test_arguments_win_over_environment_over_file_over_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each source fills only what the ones before it left open."""
    Path("anime-enrich.toml").write_text('contact = "file"\nwindow = 11\n[store]\ncollection = "file"\n')
    assert (Settings().contact, Settings().window, Settings().store.collection) == ("file", 11, "file")
    monkeypatch.setenv("ANIME_ENRICH_CONTACT", "environment")
    monkeypatch.setenv("ANIME_ENRICH_STORE__BATCH", "3")
    settings = Settings()
    assert (settings.contact, settings.window) == ("environment", 11)
    assert (settings.store.collection, settings.store.batch) == ("file", 3)
    assert Settings(contact="argument").contact == "argument"


@pytest.mark.parametrize(
    "given",
    [
        {"nonsense": 1},
        {"platforms": {"jikan": {"nonsense": 1}}},
        {"window": 0},
        {"speed": 0},
        {"platforms": {"anidb": {"concurrency": 2}}},
        {"platforms": {"anilist": {"batch": 51}}},
        {"platforms": {"kitsu": {"api": "soap"}}},
        {"platforms": {"jikan": {"extras": ["forum"]}}},
        {"platforms": {"jikan": {"base": "v3"}}},
        {"platforms": {"jikan": {"core": ["staff"], "extras": ["character_details"]}}},
        {"platforms": {"jikan": {"base": "mal_v2", "mal_v2": {"token": "id", "enabled": False}}}},
        {"platforms": {"jikan": {"limits": [{"requests": 0, "per_s": 1}]}}},
        {"store": {"collection": "a b"}},
    ],
)
def test_what_makes_no_sense_is_refused(given: dict[str, object]) -> None:
    """A misspelled or impossible setting ends the start, not the night."""
    with pytest.raises(ValidationError):
        Settings.model_validate(given)


def test_settings_do_not_change_under_anyone() -> None:
    """The object and its sections are frozen."""
    settings = Settings()
    for owner, name in ((settings, "window"), (settings.platforms.jikan, "base_url"), (settings.store, "batch")):
        with pytest.raises(ValidationError, match="frozen"):
            setattr(owner, name, 1)


def test_secrets_do_not_print(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a log line nor a dump shows a token or a key; the value is there for whoever asks for it."""
    monkeypatch.setenv("ANIME_ENRICH_PLATFORMS__ANIMESCHEDULE__TOKEN", "tok-42")
    monkeypatch.setenv("ANIME_ENRICH_STORE__API_KEY", "key-42")
    settings = Settings()
    shown = f"{settings!r} {settings} {settings.model_dump()} {settings.model_dump_json()}"
    assert "tok-42" not in shown
    assert "key-42" not in shown
    token = settings.platforms.animeschedule.token
    assert token is not None
    assert token.get_secret_value() == "tok-42"


def test_speed_is_refused_where_it_would_break_real_limits() -> None:
    """The message names every platform that is far away, and no other."""
    local = {**LOCAL, "jikan": {}, "kitsu": {}}
    with pytest.raises(ValidationError, match="jikan, kitsu are not loopback"):
        Settings.model_validate({"speed": 2.0, "platforms": local})


def test_speed_is_for_this_machine_only() -> None:
    """With every asked platform on this machine any speed is welcome; a platform that is off does not count."""
    far_but_off = {**LOCAL, "kitsu": {"enabled": False}, "anidb": {}}
    assert Settings.model_validate({"speed": 1000, "platforms": far_but_off}).speed == 1000


@pytest.mark.parametrize(
    ("url", "is_here"),
    [
        ("http://127.0.0.1:1/x", True),
        ("http://127.8.9.1", True),
        ("http://localhost/x", True),
        ("http://[::1]:8/x", True),
        ("https://kitsu.app/api", False),
        ("http://127.0.0.1.example.org", False),
        ("http://localhost.example.org", False),
        ("http://user@example.org:127", False),
        ("127.0.0.1", False),
        ("", False),
    ],
)
def test_loopback_is_told_by_the_host(url: str, is_here: bool) -> None:
    """What merely looks like this machine is not."""
    assert is_loopback(url) is is_here


def test_the_official_api_wants_a_client_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking it for records without one names both settings; with one the value is there and does not print."""
    monkeypatch.setenv("ANIME_ENRICH_PLATFORMS__JIKAN__BASE", "mal_v2")
    with pytest.raises(
        ValidationError, match=r"jikan\.base is 'mal_v2' but platforms\.jikan\.mal_v2\.token is not set"
    ):
        Settings()
    monkeypatch.setenv("ANIME_ENRICH_PLATFORMS__JIKAN__MAL_V2__TOKEN", "id-42")
    settings = Settings()
    assert settings.platforms.hosts(Platform.JIKAN) == (Platform.JIKAN, Service.MAL_V2)
    assert settings.platforms.of(Service.MAL_V2) is settings.platforms.jikan.mal_v2
    monkeypatch.setenv("ANIME_ENRICH_PLATFORMS__JIKAN__CORE", "[]")
    assert Settings().platforms.hosts(Platform.JIKAN) == (Service.MAL_V2,)
    assert "id-42" not in f"{settings!r} {settings.model_dump_json()}"


def test_speed_is_refused_where_a_further_service_is_far_away() -> None:
    """Every address that would be asked counts; one that is set and not asked does not."""
    near = {"speed": 2.0, "platforms": LOCAL | {"anidb": {}}}
    assert Settings.model_validate(near).speed == 2.0
    near["platforms"] = LOCAL | {"anidb": {}, "jikan": LOCAL["jikan"] | {"base": "mal_v2", "mal_v2": {"token": "id"}}}
    with pytest.raises(ValidationError, match="mal_v2 are not loopback"):
        Settings.model_validate(near)


def test_pages_are_read_only_with_a_contact() -> None:
    """Anime-Planet has no API: it stays off until somebody says who asks."""
    on = {"platforms": {"anime_planet": {"enabled": True}}}
    with pytest.raises(ValidationError, match="contact"):
        Settings.model_validate(on)
    assert Settings.model_validate({**on, "contact": "me@example.org"}).why_off(Platform.ANIME_PLANET) is None


def test_a_platform_that_is_off_says_why() -> None:
    """The reason names the setting to change."""
    settings = Settings()
    assert "anime_planet.enabled" in (settings.why_off(Platform.ANIME_PLANET) or "")
    assert "anidb.client" in (settings.why_off(Platform.ANIDB) or "")
    assert settings.why_off(Platform.JIKAN) is None


def test_everything_lies_under_checkpoints_unless_told_otherwise() -> None:
    """Ledger and blobs follow the folder, or their own address."""
    settings = Settings(checkpoints=Path("here"))
    assert settings.ledger_address == f"sqlite:///{Path('here') / 'ledger.sqlite3'}"
    assert settings.blobs_address == str(Path("here/blobs").absolute())
    assert Settings(ledger_url="postgresql://db/x").ledger_address == "postgresql://db/x"
    assert Settings(blobs_url="memory://b").blobs_address == "memory://b"


def test_a_batch_may_not_start_beyond_its_bound() -> None:
    """Both settings are named."""
    with pytest.raises(ValidationError, match=r"batch=30 is more than largest_batch=25"):
        Settings.model_validate({"platforms": {"kitsu": {"batch": 30, "largest_batch": 25}}})
