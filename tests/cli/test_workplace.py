"""What a command works on."""

from pathlib import Path

import pytest

from pipeline.cli.workplace import load_settings

REAL = {
    "ANIME_ENRICH_LEDGER_URL": "postgresql://real/ledger",
    "ANIME_ENRICH_BLOBS_URL": "/real/blobs",
    "ANIME_ENRICH_STORE__URL": "https://real.example:6333",
    "ANIME_ENRICH_STORE__API_KEY": "secret",
}


def test_practice_touches_nothing_real(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither the ledger nor the blobs nor the collection of the real titles, wherever they are."""
    monkeypatch.chdir(tmp_path)
    for name, value in REAL.items():
        monkeypatch.setenv(name, value)
    real, practice = load_settings(), load_settings(is_practice=True)
    assert (real.ledger_url, real.blobs_url, real.store.url) == tuple(list(REAL.values())[:3])
    assert (practice.ledger_url, practice.blobs_url, practice.store.url) == (None, None, None)
    assert practice.store.api_key is None
    assert practice.checkpoints != real.checkpoints
