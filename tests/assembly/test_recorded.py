"""A whole record out of recorded answers: every stage, assembled, valid, the same twice and in any order."""

from dataclasses import replace

import orjson

from pipeline.assembly import assemble, load_record, provenance_bytes, record_bytes, validate
from pipeline.domain.names import Outcome, Platform, Site
from pipeline.domain.title import CatalogueRow, StageInput, Title
from pipeline.platforms.anidb.convert import convert_title as convert_anidb
from pipeline.platforms.anilist.convert import convert_title as convert_anilist
from pipeline.platforms.jikan.convert import convert_title as convert_jikan
from pipeline.preprocess import align
from pipeline.stages import STAGES

from .conftest import OWN


def enrich(sources, row):
    inputs = StageInput(Title(OWN, row, {Site.MAL: ("20",)}), sources, align(sources), {})
    return assemble(
        inputs, {name: stage.decide(inputs) for name, stage in STAGES.items()}, {Platform.JIKAN: Outcome.FOUND}
    )


def test_recorded_answers_become_a_valid_record_with_a_reason_for_every_field(recordings):
    media = orjson.loads((recordings / "anilist/media/20.json").read_bytes())["data"]["Media"]
    sources = (
        convert_jikan("20", {"full": (recordings / "jikan/anime_full/20.json").read_bytes()}),
        convert_anilist("20", {"media": orjson.dumps(media)}),
    )
    row = CatalogueRow(("https://myanimelist.net/anime/20",), "Naruto", episodes=220)
    done = enrich(sources, row)
    content = record_bytes(done.record)
    validate(content)
    assert load_record(content) == done.record
    assert (done.record.title, done.record.year, done.record.episodes) == ("Naruto", 2002, 220)
    assert done.record.enrichment_metadata.completeness > 0.8
    for name, value in done.record:
        assert value in (None, [], {}) or done.provenance.fields[name].sources, name
    again = enrich(tuple(reversed(sources)), row)
    assert record_bytes(again.record) == content
    assert provenance_bytes(again.provenance) == provenance_bytes(done.provenance)


def test_a_cast_and_its_episodes_survive_into_a_valid_record(recordings):
    one = convert_anidb("22", {"anime": (recordings / "anidb/anime/22.xml").read_bytes()})
    done = enrich((one,), CatalogueRow((), "Neon Genesis Evangelion"))
    validate(record_bytes(done.record))
    assert len(done.record.characters) > 20
    assert done.record.episodes == 26
    no_cast = enrich((replace(one, characters=()),), CatalogueRow((), "Neon Genesis Evangelion"))
    assert no_cast.record.enrichment_metadata.completeness < done.record.enrichment_metadata.completeness
