#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Remake the golden data of this folder: what transformers computes with tiny MusicGen checkpoints.

    python -m venv v && v/bin/pip install -r requirements.txt
    v/bin/python make.py                 # everything but the tokenizer, about a minute
    v/bin/python make.py --tokenizer     # the tokenizer too (ids of all texts change with its vocabulary)
    v/bin/python make.py --check build/tests/neural/golden    # what make-checkpoint wrote, bit by bit
    v/bin/python make.py --search 40     # seeds whose greedy choices are far from a tie

Weights are not stored: value i of a tensor is mean + gain * u_i, u_i uniform in (-1, 1) from the i-th output of
splitmix64.  weights.tsv of each folder lists name, file, type, shape, start of the stream, mean and gain;
tests/neural/make-checkpoint.c writes the files from it.  README.md describes every tensor.
"""
import argparse, json, os

os.environ.update(CUDA_VISIBLE_DEVICES="", TRANSFORMERS_VERBOSITY="error", HF_HUB_OFFLINE="1",
                  TOKENIZERS_PARALLELISM="false", RAYON_NUM_THREADS="1")

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import (
    EncodecConfig, GenerationConfig, MusicgenConfig, MusicgenDecoderConfig, MusicgenForConditionalGeneration,
    MusicgenMelodyConfig, MusicgenMelodyDecoderConfig, MusicgenMelodyFeatureExtractor,
    MusicgenMelodyForConditionalGeneration, T5Config)

import texts
import tokenizer as tokens

torch.set_num_threads(1)
torch.set_grad_enabled(False)
HERE = os.path.dirname(os.path.abspath(__file__))
POSITIONS = "decoder.model.decoder.embed_positions.weights"
SPECIAL = 2048
RATE = 32000
LEAST_GAP = 0.002                            # between a choice and the next: 60 times the error of guided logits

# ------------------------------------------------------------------------------------------------- weights


def stream_of(seed, name):
    """FNV-1a of seed and name: where the tensor's stream of splitmix64 starts."""
    h = 0xCBF29CE484222325
    for byte in f"{seed}/{name}".encode():
        h = (h ^ byte) * 0x100000001B3 % 2**64
    return h


def uniform(stream, n):
    """n values in (-1, 1), multiples of 2^-24: exact in a double."""
    x = np.uint64(stream) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return ((x >> np.uint64(40)).astype(np.float64) - 8388607.5) / 8388608.0


def values_of(row):
    """In double, then rounded once to float, as make-checkpoint.c does."""
    n = int(np.prod(row["shape"]))
    return (row["mean"] + row["gain"] * uniform(row["stream"], n)).astype(np.float32).reshape(row["shape"])


def scale_of(name, shape, config):
    """(mean, gain) that keep every stage lively: no stage dies out, no softmax is saturated."""
    last, fan_in = name.split(".")[-1], shape[-1]
    if "layer_norm" in name:
        return (1 if last == "weight" else 0), 0.2
    if name.endswith("codebook.inited"):
        return 1, 0
    if name.endswith("enc_to_dec_proj.bias"):
        return 0, 0.5                                                # large: a forgotten mask shows
    if "relative_attention_bias" in name or name == "text_encoder.shared.weight":
        return 0, 1.7
    if "SelfAttention.q" in name:
        return 0, 2.6 / (fan_in * config.text_encoder.d_kv) ** 0.5   # T5 does not scale its scores
    if ".embed_tokens." in name:
        return 0, 1.0
    if ".lm_heads." in name:
        return 0, 4.5 / fan_in ** 0.5
    if name.startswith("audio_encoder."):
        return codec_scale_of(name, last, shape, config)
    return 0, 2.1 / fan_in ** 0.5


def codec_scale_of(name, last, shape, config):
    if last == "original0":                                          # g: says nothing about |v|
        index, n = int(name.split(".")[3]), len(config.audio_encoder.upsampling_ratios)
        mean = 1.25
        if ".decoder." in name and index in range(3, 3 * n + 1, 3) and ".block." not in name:
            mean *= (config.audio_encoder.upsampling_ratios[index // 3 - 1] / 2) ** 0.5
        if f".decoder.layers.{3 * n + 3}." in name:
            mean = 0.15
        return mean, 0.3 * mean
    if last == "original1":
        return 0, 1.2 / np.prod(shape[1:]) ** 0.5
    if "lstm." in name:
        return 0, 1.7 / (shape[-1] if len(shape) == 2 else shape[0] // 4) ** 0.5
    if last == "embed":
        return 0, 1.7 * 0.6 ** int(name.split(".")[3])
    if last in ("embed_avg", "cluster_size"):
        return 0, 1.7                                                # junk on purpose: must not be used
    return 0, 0.17


def file_name_of(name, legacy):
    if not legacy:
        return name
    return name.replace("parametrizations.weight.original0", "weight_g").replace(
        "parametrizations.weight.original1", "weight_v")


def weight_rows(model, seed):
    """Lines of weights.tsv, by the model's own names."""
    rows = []
    for name, tensor in model.state_dict().items():
        if name == "text_encoder.encoder.embed_tokens.weight" or name == POSITIONS:
            continue
        mean, gain = scale_of(name, tuple(tensor.shape), model.config)
        rows.append(dict(name=name, shape=tuple(tensor.shape), stream=stream_of(seed, name), mean=float(mean),
                         gain=float(f"{gain:.5g}")))
    return rows


def fill(model, rows, dtype_of=lambda name: torch.float32):
    state = model.state_dict()
    for row in rows:
        value = torch.from_numpy(values_of(row)).to(dtype_of(row["name"]))
        state[row["name"]].copy_(value.float())


DTYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16"}


def write_weights(folder, rows, legacy, positions=None, dtype_of=lambda name: torch.float32, shards=1):
    """weights.tsv.  Shards are cut in the order of the rows, so that groups straddle them."""
    total, done = sum(int(np.prod(r["shape"])) for r in rows), 0
    with open(f"{folder}/weights.tsv", "w") as out:
        for row in rows:
            shard = min(shards - 1, done * shards // total)
            file = "model.safetensors" if shards == 1 else f"model-{shard + 1:05d}-of-{shards:05d}.safetensors"
            shape = ",".join(str(n) for n in row["shape"]) or "-"
            print(file_name_of(row["name"], legacy), file, DTYPES[dtype_of(row["name"])], shape,
                  f"{row['stream']:016x}", repr(row["mean"]), repr(row["gain"]), sep="\t", file=out)
            done += int(np.prod(row["shape"]))
        if positions:
            print(POSITIONS, "model.safetensors", "F32", ",".join(map(str, positions)), "positions", "0.0", "0.0",
                  sep="\t", file=out)


# ------------------------------------------------------------------------------------------------- models


def build(width, heads, layers, codebooks, channels, melody=False):
    """A tiny model whose sizes differ wherever the released ones happen to be equal."""
    text = T5Config(vocab_size=2112, d_model=48, d_kv=8, d_ff=96, num_layers=2, num_heads=4, feed_forward_proj="relu",
                    relative_attention_num_buckets=32, relative_attention_max_distance=128, layer_norm_epsilon=1e-6,
                    pad_token_id=0, eos_token_id=1)
    codec = EncodecConfig(target_bandwidths=[2.2], sampling_rate=RATE, audio_channels=1, normalize=False,
                          chunk_length_s=None, overlap=None, hidden_size=16, codebook_dim=16, num_filters=4,
                          num_residual_layers=1, upsampling_ratios=[8, 5, 4, 4], norm_type="weight_norm",
                          use_causal_conv=False, pad_mode="reflect", num_lstm_layers=2, codebook_size=2048,
                          use_conv_shortcut=False)
    decoder = (MusicgenMelodyDecoderConfig if melody else MusicgenDecoderConfig)(
        vocab_size=SPECIAL, max_position_embeddings=2048, num_hidden_layers=layers, ffn_dim=2 * width,
        num_attention_heads=heads, hidden_size=width, num_codebooks=codebooks, audio_channels=channels,
        activation_function="gelu", scale_embedding=False, pad_token_id=SPECIAL, bos_token_id=SPECIAL,
        eos_token_id=None, tie_word_embeddings=False)
    parts = dict(text_encoder=text.to_dict(), audio_encoder=codec.to_dict(), decoder=decoder.to_dict())
    if melody:
        model = MusicgenMelodyForConditionalGeneration(MusicgenMelodyConfig(num_chroma=12, chroma_length=235, **parts))
    else:
        model = MusicgenForConditionalGeneration(MusicgenConfig(**parts))
    model.generation_config = GenerationConfig(decoder_start_token_id=SPECIAL, pad_token_id=SPECIAL,
                                               bos_token_id=SPECIAL, do_sample=True, guidance_scale=3.0,
                                               max_length=1500)
    return model.eval()


MONO = dict(width=64, heads=4, layers=3, codebooks=4, channels=1)
STEREO = dict(width=32, heads=2, layers=2, codebooks=8, channels=2)
MELODY = dict(width=32, heads=2, layers=2, codebooks=4, channels=1, melody=True)


class TooNear(Exception):
    pass


class Golden:
    """Tensors (golden.safetensors) and plain values (golden.json) of one folder."""

    def __init__(self):
        self.tensors, self.json = {}, {}

    def put(self, name, value):
        assert name not in self.tensors, name
        value = value.to(torch.int32) if value.dtype in (torch.int64, torch.bool) else value.float()
        self.tensors[name] = value.detach().clone().contiguous()

    def smallest_gap(self):
        gaps = [run["smallest_gap"] for run in self.json.get("generate", {}).values()]
        return min(gaps + list(self.json.get("encode_gap", {}).values()))


# ------------------------------------------------------------------------------------------------- runs


def watch(modules):
    """{name: module} -> ({name: output}, stop())."""
    seen, hooks = {}, []
    for name, module in modules.items():
        def keep(_module, _inputs, out, name=name):
            seen.setdefault(name, (out[0] if isinstance(out, tuple) else out).detach().clone())
        hooks.append(module.register_forward_hook(keep))
    return seen, lambda: [hook.remove() for hook in hooks]


def smallest_gap(scores, n_frames, per_channel):
    """Between the best and the second logit of each choice that is used; scores [B, K, steps, V]."""
    n_codebooks, steps = scores.shape[1:3]
    length, gap = n_frames + per_channel, float("inf")
    delayed = n_frames != steps
    for codebook in range(n_codebooks):
        delay = codebook * per_channel // n_codebooks
        for step in range(steps):
            column = length - steps + step
            if delayed and not delay < column < length - per_channel + 1 + delay:
                continue
            top = scores[:, codebook, step].topk(2).values
            gap = min(gap, float((top[:, 0] - top[:, 1]).min()))
    return gap


def run(golden, name, model, columns, guidance, audio=False, **inputs):
    """Greedy generate(): codes [B, K, F], the wave, and how sure the choices were."""
    decoded, plain = [], model.audio_encoder.decode
    model.audio_encoder.decode = lambda codes, *a, **k: (decoded.append(codes.clone()), plain(codes, *a, **k))[1]
    try:
        out = model.generate(do_sample=False, guidance_scale=float(guidance), max_new_tokens=columns,
                             return_dict_in_generate=True, output_scores=True, **inputs)
    finally:
        del model.audio_encoder.decode
    n_codebooks, n_channels = model.decoder.num_codebooks, model.decoder.config.audio_channels
    codes = decoded[0][0] if n_channels == 1 else torch.stack(decoded, dim=3).flatten(2, 3)[0]
    scores = torch.stack(out.scores, 1)
    scores = scores.reshape(-1, n_codebooks, *scores.shape[1:])
    gap = smallest_gap(scores, codes.shape[2], n_codebooks // n_channels)
    if gap < LEAST_GAP:
        raise TooNear(f"{name}: {gap:.6f}")
    golden.put(f"{name}.codes", codes)
    if audio:
        golden.put(f"{name}.audio", out.sequences)
    golden.json.setdefault("generate", {})[name] = dict(
        max_new_tokens=columns, guidance_scale=guidance, frames=codes.shape[2], smallest_gap=round(gap, 6),
        distinct_codes=int(codes.unique().numel()))


def noise(seed, shape):
    """Uniform in (-1, 1), float32."""
    return uniform(stream_of(seed, "noise"), int(np.prod(shape))).reshape(shape)


def tone(n, seed, rate=RATE):
    """Gliding partials and a little noise, within [-1, 1]."""
    t = np.arange(n) / rate
    wave = 0.4 * np.sin(2 * np.pi * (180 + 55 * seed) * t * (1 + 0.2 * t)) + 0.2 * np.sin(2 * np.pi * 1510 * t + seed)
    return (wave + 0.1 * np.sin(2 * np.pi * 4700 * t) + 0.08 * noise(seed, n)).astype(np.float32)


def codes_of(seed, shape, delayed=True):
    """Random codes; with the special id where a codebook has not begun."""
    codes = ((noise(seed, shape) + 1) * 1024).astype(np.int64)
    for codebook in range(shape[1] if delayed else 0):
        codes[:, codebook, :codebook + 1] = SPECIAL
    return torch.from_numpy(codes)


def put_text(golden, name, batch):
    golden.put(f"{name}.input_ids", batch["input_ids"])
    golden.put(f"{name}.attention_mask", batch["attention_mask"])


def put_t5(golden, model, tok):
    batch = tok([texts.SHORT, texts.LONG, "", texts.FAR])
    assert batch["input_ids"].shape[1] > 130
    out = model.text_encoder(**batch, output_hidden_states=True)
    put_text(golden, "t5", batch)
    for i, hidden in enumerate(out.hidden_states):
        golden.put(f"t5.hidden.{i}", hidden)
    golden.put("t5.single.last_hidden_state", model.text_encoder(**tok([texts.SHORT])).last_hidden_state)
    attention = model.text_encoder.encoder.block[0].layer[0].SelfAttention
    golden.put("t5.buckets", attention._relative_position_bucket(torch.arange(-140, 141), True, 32, 128))


def put_decoder(golden, model, tok, columns):
    """Teacher forcing: random codes at once, two padded texts; then the first without a condition."""
    batch, decoder = tok([texts.SHORT, texts.RAIN]), model.decoder.model.decoder
    codes = codes_of(7, (2, model.decoder.num_codebooks, columns))
    modules = {"layer_norm": decoder.layer_norm}
    for i, layer in enumerate(decoder.layers):
        modules[f"layers.{i}"] = layer
        for part in ("self_attn", "encoder_attn", "fc2"):
            modules[f"layers.{i}.{part}"] = layer.get_submodule(part)
    embedded = []
    hook = decoder.layers[0].register_forward_pre_hook(lambda _module, inputs: embedded.append(inputs[0].clone()))
    seen, stop = watch(modules)
    logits = model(**batch, decoder_input_ids=codes.flatten(0, 1)).logits
    stop()
    hook.remove()
    put_text(golden, "dec", batch)
    golden.put("dec.codes", codes)
    golden.put("dec.logits", logits.reshape(*codes.shape, -1))
    golden.put("dec.act.embed", embedded[0])
    for name, value in seen.items():
        golden.put(f"dec.act.{name}", value)
    rows = torch.tensor([0, 1, 2, 3, 100, 749, 1502, 2047])
    golden.put("dec.positions", decoder.embed_positions.weights[rows])
    null = model.get_unconditional_inputs(1)
    logits = model(encoder_outputs=tuple(null.encoder_outputs), attention_mask=null.attention_mask,
                   decoder_input_ids=codes[:1].flatten(0, 1)).logits
    golden.put("dec.uncond_logits", logits.reshape(1, *codes.shape[1:], -1)[:, :, -2:])


def put_delay(golden, model):
    n = model.decoder.num_codebooks
    for frames, length in ((0, 28), (0, 8), (0, 7), (0, 6), (0, 4), (3, 12), (10, 14)):
        ids = torch.full((n, 1), SPECIAL)
        if frames:
            ids = torch.cat([ids, codes_of(11, (1, n, frames), False)[0]], 1)
        start, mask = model.decoder.build_delay_pattern_mask(ids, pad_token_id=SPECIAL, max_length=length)
        for part, value in (("ids", ids), ("start", start), ("mask", mask)):
            golden.put(f"delay.s{frames}_l{length}.{part}", value)


def put_sampling(golden):
    """Guidance, temperature, top-k, top-p on fixed logits, as generate() orders them."""
    from transformers.generation import logits_process as process
    logits = torch.from_numpy((9 * noise(5, (8, 2048)) * np.abs(noise(6, (8, 2048)))).astype(np.float32))
    logits[[0, 4], 100:160] = 11.0                                   # ties across the 50th and 250th places
    logits[[1, 5]] *= 0.01                                           # nearly flat
    logits[[2, 6]] *= 0.2
    golden.put("sampling.logits", logits)
    settings = ((3.0, 1.0, 250, 1.0), (3.0, 1.0, 50, 1.0), (1.0, 1.0, 250, 1.0), (3.0, 0.7, 250, 1.0),
                (3.0, 1.0, 0, 0.9), (3.0, 1.3, 250, 0.9), (3.0, 1.0, 1, 1.0), (2.0, 1.0, 0, 0.01), (3.0, 1.0, 4000, 1.0))
    golden.json["sampling"] = []
    for i, (guidance, temperature, top_k, top_p) in enumerate(settings):
        x = logits[:4].clone()
        if guidance > 1:
            x = process.ClassifierFreeGuidanceLogitsProcessor(guidance)(torch.zeros(4, 1), logits.clone())
        x = process.TemperatureLogitsWarper(temperature)(None, x)
        x = process.TopKLogitsWarper(top_k)(None, x) if top_k else x
        x = process.TopPLogitsWarper(top_p)(None, x) if top_p < 1 else x
        golden.put(f"sampling.probs.{i}", torch.softmax(x, -1))
        golden.json["sampling"].append(dict(guidance_scale=guidance, temperature=temperature, top_k=top_k, top_p=top_p,
                                            kept=[int(n) for n in (x > -float("inf")).sum(-1)]))


def put_codec(golden, model):
    codec = model.audio_encoder
    for frames in (1, 2, 3, 4, 7):
        name, codes = f"codec.decode.f{frames}", codes_of(40 + frames, (1, 4, frames), False)
        seen, stop = watch({f"layers.{i}": layer for i, layer in enumerate(codec.decoder.layers)})
        wave = codec.decode(codes[None], [None]).audio_values
        stop()
        golden.put(f"{name}.codes", codes)
        golden.put(f"{name}.audio", wave)
        if frames == 7:
            golden.put(f"{name}.quantized", codec.quantizer.decode(codes.transpose(0, 1)))
            for layer, value in seen.items():
                golden.put(f"{name}.{layer}", value)
    last = len(codec.encoder.layers) - 1
    for samples in (1, 100, 640, 641, 1300, 5000):
        name, wave = f"codec.encode.n{samples}", torch.from_numpy(tone(samples, 1))[None, None]
        seen, stop = watch({f"layers.{i}": layer for i, layer in enumerate(codec.encoder.layers)})
        codes = codec.encode(wave).audio_codes[0]
        stop()
        golden.put(f"{name}.audio", wave)
        golden.put(f"{name}.codes", codes)
        golden.put(f"{name}.embedding", seen[f"layers.{last}"])
        for layer, value in seen.items() if samples == 1300 else ():
            golden.put(f"{name}.{layer}", value)
        golden.json.setdefault("encode_gap", {})[f"n{samples}"] = encode_gap(codec, seen[f"layers.{last}"], codes)


def encode_gap(codec, embedding, codes):
    """Between the squared distances of the nearest and the second code."""
    left, gap = embedding[0].T.double(), float("inf")
    for i, layer in enumerate(codec.quantizer.layers):
        book = layer.codebook.embed.double()
        two = (left[:, None] - book[None]).pow(2).sum(-1).topk(2, largest=False).values
        gap = min(gap, float((two[:, 1] - two[:, 0]).min()))
        left = left - book[codes[0, i]]
    return round(gap, 6)


def put_runs(golden, model, tok, frames, batch_frames):
    one, two = tok([texts.SHORT]), tok([texts.SHORT, texts.LONG])
    put_text(golden, "text1", one)
    put_text(golden, "text2", two)
    for guidance in (1, 3):
        run(golden, f"text1.g{guidance}.f{frames}", model, frames + 3, guidance, audio=guidance == 3, **one)
        run(golden, f"text2.g{guidance}.f{batch_frames}", model, batch_frames + 3, guidance, audio=guidance == 3, **two)
    for columns in (5, 12):                                          # 5: too few for a delay pattern
        null = model.get_unconditional_inputs(2)
        run(golden, f"uncond.m{columns}", model, columns, 1, audio=True, encoder_outputs=tuple(null.encoder_outputs),
            attention_mask=null.attention_mask)


def put_continued(golden, model, tok, columns):
    """Sound that goes on: one of 5000 samples; two of 5000 and 3200, silence put before the shorter."""
    n_channels = model.decoder.config.audio_channels
    first = np.stack([tone(5000, 2 + 9 * c) for c in range(n_channels)])
    second = np.stack([np.pad(tone(3200, 3 + 9 * c), (1800, 0)) for c in range(n_channels)])
    mask = torch.ones(2, 5000, dtype=torch.int64)
    mask[1, :1800] = 0
    for name, waves, prompts in (("prompt1", [first], [texts.SHORT]), ("prompt2", [first, second],
                                                                         [texts.SHORT, texts.AMBIENT])):
        batch, values = tok(prompts), torch.from_numpy(np.stack(waves))
        put_text(golden, name, batch)
        golden.put(f"{name}.input_values", values)
        for guidance in (1, 3):
            run(golden, f"{name}.g{guidance}", model, columns, guidance, audio=guidance == 3 and name == "prompt1", **batch,
                input_values=values, padding_mask=mask[:len(waves)])


def put_chroma(golden):
    """The feature extractor's steps; gives the one-hot rows that the runs need."""
    import torchaudio
    extractor = MusicgenMelodyFeatureExtractor()
    notes = 440 * 2 ** ((np.array([60, 67, 64, 71, 69, 62, 65, 73, 58, 66, 56, 63]) - 69) / 12)
    t = np.arange(5000) / RATE
    melody = np.concatenate([0.4 * np.sin(2 * np.pi * f * t) + 0.15 * np.sin(4 * np.pi * f * t) for f in notes])
    waves = dict(melody=melody.astype(np.float32), noise=0.5 * noise(9, 25001).astype(np.float32), short=tone(8001, 4),
                 silence=np.zeros(17000, np.float32))
    golden.put("chroma.filters", extractor.chroma_filters)
    rows = {}
    for name, wave in waves.items():
        rows[name] = extractor(wave, sampling_rate=RATE, return_tensors="pt").input_features
        missing = max(0, extractor.n_fft - len(wave))
        padded = torch.nn.functional.pad(torch.from_numpy(wave), (missing // 2, missing - missing // 2))
        raw = torch.einsum("cf,ft->ct", extractor.chroma_filters, extractor.spectrogram(padded))[None]
        golden.put(f"chroma.{name}.audio", torch.from_numpy(wave))
        golden.put(f"chroma.{name}.raw", raw)
        golden.put(f"chroma.{name}.onehot", rows[name])
        two = (raw / raw.amax(1, keepdim=True).clamp(min=1e-6)).topk(2, dim=1).values
        golden.json.setdefault("chroma_gap", {})[name] = round(float((two[:, 0] - two[:, 1]).min()), 6)
    other = torch.from_numpy(tone(17640, 5, 44100))
    golden.put("chroma.rate44.audio", other)
    golden.put("chroma.rate44.resampled", torchaudio.functional.resample(other, 44100, RATE, rolloff=0.945,
                                                                          lowpass_filter_width=24))
    golden.put("chroma.rate44.onehot", extractor(other, sampling_rate=44100, return_tensors="pt").input_features)
    stereo = torch.from_numpy(np.stack([tone(17000, 6), tone(17000, 7)]))
    golden.put("chroma.stereo.audio", stereo)
    golden.put("chroma.stereo.onehot", extractor(stereo[None], sampling_rate=RATE, return_tensors="pt").input_features)
    return rows


def melody_case(model, tok):
    golden, columns = Golden(), 13
    rows = put_chroma(golden)
    one, two = tok([texts.SHORT]), tok([texts.SHORT, texts.RAIN])
    put_text(golden, "text1", one)
    put_text(golden, "text2", two)
    n = rows["melody"].shape[1]
    both = torch.cat([rows["melody"], rows["noise"].repeat(1, 3, 1)[:, :n]])
    golden.put("melody2.input_features", both)
    for name, batch, features in (("text1", one, None), ("text1_melody", one, rows["melody"]),
                                  ("text2_melody", two, both), ("text1_short", one, rows["short"])):
        for guidance in (1, 3):
            prefix = []
            hook = model.decoder.register_forward_pre_hook(
                lambda _module, _inputs, options: prefix.append(options.get("encoder_hidden_states")), with_kwargs=True)
            extra = {} if features is None else dict(input_features=features)
            whole = (name, guidance) == ("text1_melody", 3)
            run(golden, f"{name}.g{guidance}", model, columns, guidance, audio=whole, **batch, **extra)
            hook.remove()
            if whole:
                golden.put(f"{name}.g{guidance}.prefix", prefix[0])
    run(golden, "melody_only.g3", model, columns, 3, input_features=rows["melody"])
    codes = codes_of(13, (1, 4, 4))
    out = model(**one, input_features=rows["melody"], decoder_input_ids=codes.flatten(0, 1))
    golden.put("dec.codes", codes)
    golden.put("dec.logits", out.logits.reshape(1, 4, -1, SPECIAL)[:, :, -4:])
    return golden


def mono_case(model, tok):
    golden = Golden()
    put_runs(golden, model, tok, 24, 12)
    put_continued(golden, model, tok, 15)
    golden.json.update(tok.listing(texts.TEXTS, texts.fuzz()))
    put_t5(golden, model, tok)
    put_decoder(golden, model, tok, 8)
    put_delay(golden, model)
    put_sampling(golden)
    put_codec(golden, model)
    return golden


def stereo_case(model, tok):
    golden = Golden()
    put_runs(golden, model, tok, 12, 6)
    put_continued(golden, model, tok, 8)
    put_decoder(golden, model, tok, 4)
    put_delay(golden, model)
    return golden


def typed_case(model, tok):
    """A file of 16 bits a value, computed in float."""
    golden, batch, codes = Golden(), tok([texts.SHORT]), codes_of(17, (1, 4, 4))
    put_text(golden, "text1", batch)
    golden.put("dec.codes", codes)
    golden.put("dec.logits", model(**batch, decoder_input_ids=codes.flatten(0, 1)).logits.reshape(1, 4, 4, -1))
    run(golden, "text1.g3.f12", model, 15, 3, audio=True, **batch)
    return golden


# ------------------------------------------------------------------------------------------------- folders

F32 = lambda name: torch.float32
# folder: (sizes, seed, case, names of weight norm as in released files, positions stored, types, shards)
FOLDERS = {
    "tiny-mono": (MONO, 6, mono_case, True, True, F32, 1),
    "tiny-stereo": (STEREO, 51, stereo_case, False, False, F32, 1),
    "tiny-melody": (MELODY, 13, melody_case, True, False, F32, 1),
    "tiny-mono-f16": (MONO, 6, typed_case, True, False, lambda name: torch.float16, 1),
    "tiny-mono-bf16": (MONO, 6, typed_case, True, False, lambda name: torch.bfloat16, 1),
    "tiny-mono-sharded": (MONO, 6, typed_case, False, False,
                          lambda name: torch.float16 if name.startswith("decoder.") else torch.float32, 2),
}


def make(name, tok):
    sizes, seed, case, legacy, positions, dtype_of, shards = FOLDERS[name]
    model, folder = build(**sizes), f"{HERE}/{name}"
    rows = weight_rows(model, seed)
    fill(model, rows, dtype_of)
    golden = case(model, tok)
    golden.json["about"] = dict(seed=seed, torch=torch.__version__, transformers=transformers.__version__,
                                attention="default of transformers on a processor (sdpa), float32, one thread")
    os.makedirs(folder, exist_ok=True)
    write_weights(folder, rows, legacy, (2048, sizes["width"]) if positions else None, dtype_of, shards)
    model.config.save_pretrained(folder)
    model.generation_config.save_pretrained(folder)
    save_file(golden.tensors, f"{folder}/golden.safetensors")
    with open(f"{folder}/golden.json", "w") as out:
        json.dump(golden.json, out, indent=1, ensure_ascii=False)
        out.write("\n")
    print(f"{name}: {len(golden.tensors)} tensors, smallest gap {golden.smallest_gap()}")


def search(tok, n):
    for name, (sizes, _, case, _, _, dtype_of, _) in FOLDERS.items():
        model = build(**sizes)
        for seed in range(1, n + 1):
            fill(model, weight_rows(model, seed), dtype_of)
            try:
                golden = case(model, tok)
            except TooNear as near:
                print(name, seed, near, flush=True)
                continue
            distinct = [run["distinct_codes"] for run in golden.json["generate"].values()]
            print(name, seed, "smallest gap", golden.smallest_gap(), "codes", min(distinct), "to", max(distinct), flush=True)


def check(folder):
    """The files that make-checkpoint wrote hold what the formula says, and transformers takes them."""
    for name, (sizes, seed, _, legacy, positions, dtype_of, _) in FOLDERS.items():
        model, there = build(**sizes), {}
        for file in os.listdir(f"{folder}/{name}"):
            if file.startswith("model") and file.endswith(".safetensors"):
                there.update(load_file(f"{folder}/{name}/{file}"))
        rows = weight_rows(model, seed)
        assert len(there) == len(rows) + positions, name
        for row in rows:
            want = torch.from_numpy(values_of(row)).to(dtype_of(row["name"]))
            got = there[file_name_of(row["name"], legacy)]
            assert got.dtype == want.dtype and torch.equal(got, want), (name, row["name"])
        if positions:
            table = model.decoder.model.decoder.embed_positions.weights
            assert float((there[POSITIONS] - table).abs().max()) < 1e-6, name
        _, info = type(model).from_pretrained(f"{folder}/{name}", dtype=torch.float32, output_loading_info=True)
        strange = set(info["unexpected_keys"]) - {POSITIONS}
        assert not info["missing_keys"] and not info["mismatched_keys"] and not strange, (name, info)
        print(f"{name}: {len(rows)} tensors agree")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", action="store_true", help="train the tokenizer anew")
    parser.add_argument("--check", metavar="FOLDER", help="compare written checkpoints with the formula")
    parser.add_argument("--search", type=int, metavar="N", help="try seeds 1 .. N")
    args = parser.parse_args()
    if args.check:
        return check(args.check)
    if args.tokenizer:
        tokens.train(HERE, texts.corpus())
    tok = tokens.Tokenizer(f"{HERE}/tokenizer.json")
    if args.search:
        return search(tok, args.search)
    for name in FOLDERS:
        make(name, tok)


if __name__ == "__main__":
    main()
