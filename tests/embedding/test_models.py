"""The adapters for real models, on tiny checkpoints made here (random weights: shape and care, not meaning)."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.embedding import load_image_embedder, load_text_embedder
from pipeline.embedding._checkpoints import Compute
from pipeline.embedding.bge_m3 import BgeM3TextEmbedder
from pipeline.embedding.siglip import SiglipImageEmbedder
from pipeline.errors import BadInput, Misconfigured
from pipeline.settings import EmbeddingSettings

from .test_images import drawn, encoded

torch = pytest.importorskip("torch", reason="the extra 'models' is not installed")
transformers = pytest.importorskip("transformers", reason="the extra 'models' is not installed")
tokenizers = pytest.importorskip("tokenizers", reason="the extra 'models' is not installed")

WORDS = ["the pale blue train runs at night", "nobody knows where it goes", "水色電車 は 夜 に 走る", "studio buffer"]


@pytest.fixture(scope="module")
def bge(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of BGE-M3's shape with 64 numbers a vector."""
    folder = tmp_path_factory.mktemp("bge")
    tok = tokenizers.Tokenizer(tokenizers.models.Unigram())
    tok.normalizer = tokenizers.normalizers.NFKC()
    tok.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    tok.decoder = tokenizers.decoders.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    tok.train_from_iterator(
        WORDS * 20,
        tokenizers.trainers.UnigramTrainer(
            vocab_size=200, unk_token="<unk>", special_tokens=special, show_progress=False
        ),
    )
    tok.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tok.save(str(folder / "tokenizer.json"))
    names = {"bos": "<s>", "cls": "<s>", "eos": "</s>", "sep": "</s>", "unk": "<unk>", "pad": "<pad>", "mask": "<mask>"}
    (folder / "tokenizer_config.json").write_text(
        json.dumps(
            {f"{name}_token": text for name, text in names.items()}
            | {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "model_max_length": 8192,
                "model_input_names": ["input_ids", "attention_mask"],
            }
        )
    )
    torch.manual_seed(0)
    config = transformers.XLMRobertaConfig(
        vocab_size=tok.get_vocab_size(),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=514,
        type_vocab_size=1,
        layer_norm_eps=1e-5,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )
    transformers.XLMRobertaModel(config).eval().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def siglip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of SigLIP's shape with 64 numbers a vector."""
    folder = tmp_path_factory.mktemp("siglip")
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    config = transformers.SiglipConfig(
        text_config={**sizes, "vocab_size": 200, "projection_size": 64},
        vision_config={**sizes, "image_size": 64, "patch_size": 16},
    )
    torch.manual_seed(0)
    transformers.SiglipModel(config).eval().save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(
        json.dumps(
            {
                "image_processor_type": "SiglipImageProcessor",
                "size": {"height": 64, "width": 64},
                "resample": 2,
                "do_resize": True,
                "do_rescale": True,
                "rescale_factor": 1 / 255,
                "do_normalize": True,
                "image_mean": [0.5] * 3,
                "image_std": [0.5] * 3,
            }
        )
    )
    return folder


@pytest.fixture
def exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Full precision whatever the machine has, so that rows can be compared to a millionth."""
    compute = Compute("cpu", "float32")
    for module in ("bge_m3", "siglip"):
        monkeypatch.setattr(f"pipeline.embedding.{module}.choose_compute", lambda _torch: compute)


@pytest.mark.usefixtures("exactly")
def test_texts_keep_order_and_do_not_depend_on_company(bge: Path) -> None:
    """Order kept, duplicates equal, length 1, and a text alone equals the same text in a mixed batch."""
    encoder = BgeM3TextEmbedder(bge, max_tokens=256, token_budget=64)
    texts = [*WORDS, "train " * 60, WORDS[0], "a"]
    rows = encoder.embed(texts)
    assert rows.shape == (7, 64)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    assert (rows[0] == rows[5]).all()
    for i, text in enumerate(texts):
        assert np.allclose(encoder.embed([text])[0], rows[i], atol=1e-6)
    assert encoder.embed([]).shape == (0, 64)


@pytest.mark.usefixtures("exactly")
def test_vector_is_the_first_tokens_state_of_the_plainly_tokenized_text(bge: Path) -> None:
    """Our own cutting and framing gives what the tokenizer and the model give when asked plainly."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(bge))
    model = transformers.AutoModel.from_pretrained(str(bge), dtype=torch.float32).eval()
    for text, limit in ((WORDS[2], 256), ("train " * 60, 16)):
        plain = tokenizer(text, truncation=True, max_length=limit, return_tensors="pt")
        with torch.inference_mode():
            state = torch.nn.functional.normalize(model(**plain).last_hidden_state[:, 0], dim=-1)[0].numpy()
        assert np.allclose(BgeM3TextEmbedder(bge, max_tokens=limit).embed([text])[0], state, atol=1e-6)


@pytest.mark.usefixtures("exactly")
def test_what_is_cut_is_counted(bge: Path) -> None:
    """A text beyond the limit is reported with its tokens; one that just fits is not."""
    encoder = BgeM3TextEmbedder(bge, max_tokens=16)
    tokenizer = transformers.AutoTokenizer.from_pretrained(str(bge))
    long = "train " * 60
    over = len(tokenizer(long)["input_ids"]) - 16
    encoder.embed(["train", long])
    assert (encoder.cut.inputs, encoder.cut.tokens) == (1, over)
    encoder.embed([long])
    assert (encoder.cut.inputs, encoder.cut.tokens) == (2, 2 * over)


def test_no_text_is_longer_than_the_model_has_places_for(bge: Path) -> None:
    """A limit beyond the model's positions is lowered to them instead of failing inside the model."""
    encoder = BgeM3TextEmbedder(bge, max_tokens=8192)
    assert encoder.max_tokens == 512
    assert encoder.embed(["train night " * 900]).shape == (1, 64)
    assert encoder.cut.inputs == 1


def test_blank_text_reaches_no_model(bge: Path) -> None:
    """The model would give a normal vector for nothing."""
    with pytest.raises(BadInput):
        BgeM3TextEmbedder(bge, max_tokens=64).embed(["train", "  "])


@pytest.mark.usefixtures("exactly")
def test_out_of_memory_halves_the_batch_and_loses_nothing(bge: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch too large for the GPU is done in halves, with the same rows; a single text that fails is an error."""
    encoder = BgeM3TextEmbedder(bge, max_tokens=64)
    texts = [f"train {n} night" for n in range(9)]
    expected = encoder.embed(texts)
    real = encoder._forward
    seen: list[int] = []

    def tight(ids: list[list[int]]) -> object:
        seen.append(len(ids))
        if len(ids) > 2:
            raise torch.cuda.OutOfMemoryError("out of memory")
        return real(ids)

    monkeypatch.setattr(encoder, "_forward", tight)
    assert np.allclose(encoder.embed(texts), expected, atol=1e-6)
    assert max(seen) == 9

    def never(_ids: list[list[int]]) -> object:
        raise torch.cuda.OutOfMemoryError("out of memory")

    monkeypatch.setattr(encoder, "_forward", never)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        encoder.embed(["train"])


def test_revision_follows_the_weights_not_the_place(bge: Path, tmp_path: Path) -> None:
    """A moved checkpoint is the same model; another set of weights under the same name is another."""
    shutil.copytree(bge, tmp_path / "moved")
    first, moved = (BgeM3TextEmbedder(folder, max_tokens=64) for folder in (bge, tmp_path / "moved"))
    assert (first.model_id, first.revision) == (moved.model_id, moved.revision)
    assert first.model_id == "xlm-roberta-cls-64"
    model = transformers.AutoModel.from_pretrained(str(bge))
    with torch.no_grad():
        model.embeddings.word_embeddings.weight[5] += 1
    model.save_pretrained(tmp_path / "moved")
    assert BgeM3TextEmbedder(tmp_path / "moved", max_tokens=64).revision != first.revision


@pytest.mark.usefixtures("exactly")
def test_pictures_keep_order_and_have_the_checkpoints_dimension(siglip: Path) -> None:
    """Rows of length 1 in order, alone as in company, and as the model gives them when asked plainly."""
    encoder = SiglipImageEmbedder(siglip)
    contents = [encoded(drawn()), encoded(drawn(sky="white", ball="green", at=0.7), "JPEG"), encoded(drawn())]
    rows = encoder.embed(contents)
    assert rows.shape == (3, encoder.dimensions) == (3, 64)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    assert np.allclose(rows[0], rows[2], atol=1e-6)
    assert not np.allclose(rows[0], rows[1], atol=1e-3)
    processor = transformers.AutoImageProcessor.from_pretrained(str(siglip), backend="pil")
    model = transformers.AutoModel.from_pretrained(str(siglip), dtype=torch.float32).eval()
    with torch.inference_mode():
        plain = model.get_image_features(**processor(images=drawn(), return_tensors="pt")).pooler_output
    assert np.allclose(rows[0], torch.nn.functional.normalize(plain, dim=-1)[0].numpy(), atol=1e-5)


def test_broken_picture_reaches_no_model(siglip: Path) -> None:
    """Pictures are checked before they are computed with."""
    with pytest.raises(BadInput):
        SiglipImageEmbedder(siglip).embed([encoded(drawn()), b"torn"])
    with pytest.raises(BadInput):
        SiglipImageEmbedder(siglip).embed([encoded(Image.new("RGB", (2, 2)))])


def test_settings_open_both_models(bge: Path, siglip: Path) -> None:
    """A folder in the settings is a model; each in the other's place is refused with a sentence."""
    text = load_text_embedder(EmbeddingSettings(text_model=str(bge), max_tokens=128))
    image = load_image_embedder(EmbeddingSettings(image_model=str(siglip)))
    assert (text.max_tokens, image.dimensions) == (128, 64)
    with pytest.raises(Misconfigured, match=r"embedding\.text_model"):
        load_text_embedder(EmbeddingSettings(text_model=str(siglip)))
    with pytest.raises(Misconfigured, match=r"embedding\.image_model"):
        load_image_embedder(EmbeddingSettings(image_model=str(bge)))


def test_weights_that_are_not_all_there_are_refused(bge: Path, tmp_path: Path) -> None:
    """The library would fill a missing layer with random numbers and go on."""
    shutil.copytree(bge, tmp_path / "partial")
    state = transformers.AutoModel.from_pretrained(str(bge)).state_dict()
    (tmp_path / "partial" / "model.safetensors").unlink()
    kept = {name: value for name, value in state.items() if "layer.1." not in name}
    torch.save(kept, tmp_path / "partial" / "pytorch_model.bin")
    with pytest.raises(Misconfigured, match="weights are missing"):
        BgeM3TextEmbedder(tmp_path / "partial", max_tokens=64)
    torch.save(
        {name: value for name, value in state.items() if not name.startswith("pooler.")},
        tmp_path / "partial" / "pytorch_model.bin",
    )
    assert BgeM3TextEmbedder(tmp_path / "partial", max_tokens=64).dimensions == 64


@pytest.mark.parametrize("damage", ["cut", "empty", "pickle"])
def test_broken_weights_are_a_sentence(bge: Path, tmp_path: Path, damage: str) -> None:
    """Cut weights, and a file that would run code when loaded, are refused."""
    folder = tmp_path / "broken"
    shutil.copytree(bge, folder)
    weights = folder / "model.safetensors"
    content = weights.read_bytes()
    if damage == "pickle":
        weights.unlink()
        (folder / "pytorch_model.bin").write_bytes(b"cbuiltins\nprint\n.")  # asks to be given ``print``
    else:
        weights.write_bytes(content[:2000] if damage == "cut" else b"")
    with pytest.raises(Misconfigured, match="cannot be loaded"):
        BgeM3TextEmbedder(folder, max_tokens=64)
