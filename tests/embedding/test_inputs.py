"""Which text and which picture goes into which vector."""

from pipeline.domain.record import AnimeRecord
from pipeline.domain.source_title import Text
from pipeline.embedding import IMAGE_VECTORS, TEXT_VECTORS, vector_images, vector_texts


def test_full_record_fills_all_fourteen(full: AnimeRecord) -> None:
    """A record that knows everything has a text for each of the 12 names and pictures for both others."""
    assert list(vector_texts(full)) == list(TEXT_VECTORS)
    assert list(vector_images(full, characters=3)) == list(IMAGE_VECTORS)
    assert len(TEXT_VECTORS) + len(IMAGE_VECTORS) == 14


def test_absent_fields_have_no_text_at_all(bare: AnimeRecord) -> None:
    """What nobody said has no name in the result, and nothing is ever an empty text."""
    assert vector_texts(bare) == {"title": "Mizuiro Densha"}
    assert vector_images(bare, characters=3) == {}


def test_blank_fields_count_as_absent(bare: AnimeRecord) -> None:
    """A field of blanks only is no text."""
    record = bare.model_copy(update={"synopsis": " \n ", "genres": ["", " "], "title_english": " "})
    assert vector_texts(record) == {"title": "Mizuiro Densha"}


def test_texts_read_as_written(full: AnimeRecord) -> None:
    """The texts are sentences and lists a person can read, in both scripts, each name once."""
    texts = vector_texts(full)
    assert texts["title"] == "Mizuiro Densha\nThe Pale Blue Train\n水色電車\nPale Train"
    assert texts["synopsis"] == "A train that runs at night. Nobody knows where to."
    assert texts["genres"] == "Genres: Drama, Mystery\nThemes: Railways\nDemographics: Seinen"
    assert texts["tags"] == "Tags: Night, Trains\nContent warnings: Smoking"
    assert texts["characters"].splitlines() == [
        "Rin Kisha (汽車凛), Main character: Drives the train.",
        "Old Guard, Supporting character",
        "Mio, Main character",
    ]
    assert texts["character_traits"] == "Rin Kisha: Female, age: 17, hair: Black, Stoic"
    assert texts["staff"] == "Hana Ito (伊藤花): chief director, Chief Director"
    assert texts["studios"] == "Studios: Studio Buffer (Buffer)\nLicensors: Siding Films"
    assert texts["episodes"] == "Episode 1: Departure: It leaves.\nSpecial episode 1: 番外"
    assert texts["relations"] == "Side story: Night Platform (OVA, 2032)"
    assert texts["music"] == "Opening 1: Rail Song (線路の歌) by The Couplings\nEnding: Last Stop by 終点"
    assert texts["broadcast"] == (
        "Season: Winter 2031\nFirst aired: 2031-01-05\nLast aired: 2031-03\n"
        "Broadcast: Sunday 23:30 Asia/Tokyo\nStreaming: Testflix"
    )


def test_weekly_changes_leave_every_text_alone(full: AnimeRecord) -> None:
    """A new air time and a new score change no text, so a refresh re-embeds nothing."""
    later = full.model_copy(update={"next_episode_at": "2031-01-19T14:30:00Z", "score": 7.1})
    assert vector_texts(later) == vector_texts(full)


def test_long_texts_stay_whole(bare: AnimeRecord) -> None:
    """No text is cut here, however long."""
    record = bare.model_copy(update={"synopsis": "word " * 50_000 + "end"})
    assert vector_texts(record)["synopsis"].count("word") == 50_000
    assert vector_texts(record)["synopsis"].endswith("end")


def test_foreign_synopsis_stands_in_for_a_missing_one(bare: AnimeRecord) -> None:
    """Without a synopsis of its own, a title is found by the first one in another language."""
    record = bare.model_copy(update={"synopses": [Text("Ein Zug.", "de")]})
    assert vector_texts(record)["synopsis"] == "Ein Zug."


def test_largest_cover_comes_first(full: AnimeRecord) -> None:
    """Covers are ordered by pixels, or by the platform's word where pixels are not said."""
    assert vector_images(full, characters=3)["cover_image"] == [
        "https://img.test/huge.jpg",
        "https://img.test/known.jpg",
        "https://img.test/small.jpg",
    ]


def test_only_main_characters_lend_their_first_picture(full: AnimeRecord) -> None:
    """One picture each, main characters only, at most as many as asked for; none wanted, none named."""
    assert vector_images(full, characters=3)["character_image"] == [
        "https://img.test/rin.jpg",
        "https://img.test/mio.jpg",
    ]
    assert vector_images(full, characters=1)["character_image"] == ["https://img.test/rin.jpg"]
    assert "character_image" not in vector_images(full, characters=0)
