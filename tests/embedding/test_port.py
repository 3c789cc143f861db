"""Fingerprints, missing vectors, and which encoder the settings name."""

import io
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.domain.canonical import digest_bytes
from pipeline.embedding import (
    VECTORS,
    ImageEmbedder,
    TextEmbedder,
    Vectors,
    embed_missing,
    embed_missing_images,
    fingerprint,
    identity,
    load_image_embedder,
    load_text_embedder,
)
from pipeline.embedding.hash_ngram import HashNgramEmbedder
from pipeline.embedding.image_layout import ImageLayoutEmbedder
from pipeline.errors import BadInput, Misconfigured, MissingExtra
from pipeline.settings import EmbeddingSettings


class Counting(HashNgramEmbedder):
    """Counts its calls."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.calls.append(len(texts))
        return super().embed(texts)


class Other(HashNgramEmbedder):
    revision = "2"  # type: ignore[misc,assignment]


class Shorter(HashNgramEmbedder):
    max_tokens = 512  # type: ignore[misc,assignment]


class Coarser(HashNgramEmbedder):
    dtype = "bfloat16"  # type: ignore[misc,assignment]


def png(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (32, 32), colour).save(out, "PNG")
    return out.getvalue()


def test_fingerprint_holds_all_that_shapes_a_vector() -> None:
    """Another text, model, edition, token limit, precision or kind is another fingerprint; the same is the same."""
    encoder = HashNgramEmbedder()
    keys = [
        fingerprint(encoder, "title", "Train"),
        fingerprint(encoder, "title", "train"),
        fingerprint(Other(), "title", "Train"),
        fingerprint(Shorter(), "title", "Train"),
        fingerprint(Coarser(), "title", "Train"),
        fingerprint(encoder, "cover_image", "Train"),
        fingerprint(ImageLayoutEmbedder(), "cover_image", "Train"),
    ]
    assert len(set(keys)) == len(keys)
    assert fingerprint(HashNgramEmbedder(), "title", "Train") == keys[0]


def test_equal_texts_share_a_vector_whatever_they_are_for() -> None:
    """A title named like its studio is embedded once."""
    encoder = HashNgramEmbedder()
    assert fingerprint(encoder, "title", "Train") == fingerprint(encoder, "studios", "Train")


def test_input_version_is_part_of_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts written otherwise are other inputs."""
    before = fingerprint(HashNgramEmbedder(), "title", "Train")
    monkeypatch.setattr("pipeline.embedding.port.INPUT_VERSION", 999)
    assert fingerprint(HashNgramEmbedder(), "title", "Train") != before


@pytest.mark.parametrize(("name", "content"), [("titel", "Train"), ("title", ""), ("title", "  ")])
def test_unknown_name_and_empty_content_have_no_fingerprint(name: str, content: str) -> None:
    """An empty text must not get as far as a model, nor a misspelt name as far as a store."""
    with pytest.raises(BadInput):
        fingerprint(HashNgramEmbedder(), name, content)


def test_window_is_one_call_with_vectors_by_fingerprint() -> None:
    """All missing inputs go to the encoder at once; nothing missing asks nobody."""
    encoder = Counting()
    wanted = {fingerprint(encoder, "title", text): text for text in ("one", "two", "three")}
    vectors = embed_missing(wanted, encoder)
    assert encoder.calls == [3]
    assert list(vectors) == list(wanted)
    for key, text in wanted.items():
        assert (vectors[key] == HashNgramEmbedder().embed([text])[0]).all()
    assert embed_missing({}, encoder) == {}
    assert encoder.calls == [3]


def test_one_broken_picture_spoils_only_itself() -> None:
    """Pictures that cannot be read are named with their reason, all others have their vectors."""
    contents = [png("red"), b"torn", png("blue"), png("green"), b"", png("white"), png("black")]
    wanted = {digest_bytes(content): content for content in contents}
    done = embed_missing_images(wanted, ImageLayoutEmbedder())
    assert set(done.refused) == {digest_bytes(b"torn"), digest_bytes(b"")}
    assert set(done.vectors) == set(wanted) - set(done.refused)
    alone = ImageLayoutEmbedder().embed([png("green")])[0]
    assert np.array_equal(done.vectors[digest_bytes(png("green"))], alone)
    assert embed_missing_images({}, ImageLayoutEmbedder()).vectors == {}


def test_defaults_need_nothing_and_say_what_they_are() -> None:
    """Without any setting both encoders open, with names that do not claim meaning."""
    text: TextEmbedder = load_text_embedder(EmbeddingSettings())
    image: ImageEmbedder = load_image_embedder(EmbeddingSettings())
    assert identity(text) == "hash-ngram-1024@1"
    assert identity(image) == "image-layout-1024@1"
    assert (text.dimensions, image.dimensions) == (1024, 1024)
    assert len(VECTORS) == 14


def test_model_folder_that_is_none_is_named_with_its_setting(tmp_path: Path) -> None:
    """A missing folder, one without a configuration and one without weights are told apart."""
    with pytest.raises(Misconfigured, match=r"embedding\.text_model='.*nowhere'"):
        load_text_embedder(EmbeddingSettings(text_model=str(tmp_path / "nowhere")))
    with pytest.raises(Misconfigured, match=r"embedding\.image_model=.* no config\.json"):
        load_image_embedder(EmbeddingSettings(image_model=str(tmp_path)))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(Misconfigured, match="no weights"):
        load_text_embedder(EmbeddingSettings(text_model=str(tmp_path)))


def test_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without torch a model folder is an error that names the extra, never another model."""
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"x")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtra, match=r"anime-enrich\[models\]"):
        load_text_embedder(EmbeddingSettings(text_model=str(tmp_path)))
    with pytest.raises(MissingExtra, match=r"anime-enrich\[models\]"):
        load_image_embedder(EmbeddingSettings(image_model=str(tmp_path)))


def test_importing_the_room_loads_no_engine() -> None:
    """Whoever only needs names and texts pays for neither numpy nor Pillow nor a model."""
    code = (
        "import sys, pipeline.embedding; "
        "print([m for m in ('numpy', 'PIL', 'torch', 'transformers') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
