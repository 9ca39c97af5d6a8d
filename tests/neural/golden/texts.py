# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is tokenized: prompts of the runs, strange texts, random ones; and what the tokenizer learns from."""
import json, os

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")

SHORT = "warm lo-fi piano over soft vinyl crackle"
AMBIENT = "slow ambient pads, distant bells"
RAIN = "a tense string quartet in rain, 96 bpm, no drums at all"
LONG = ("a long and patient piece for church organ and choir that begins almost in silence, adds one low voice after the "
        "other, turns from D minor to a bright D major when the brass comes in, and ends as it began, with a single "
        "held note, two cellos and the sound of the empty nave")
# T5 counts distances up to 128 apart.
FAR = " ".join(["kick", "snare", "hat", "clap", "rest"][i * i * i % 5] for i in range(110))

TEXTS = [
    SHORT, AMBIENT, RAIN, LONG, FAR, "", " ", "\t\n", "q", "zzxqj vvv",
    "  two  spaces,\ttabs and an end \n", "LOUD BRASS!!! (take #2 @ 96 bpm) -- 100% 'live' & \"raw\"; ok?",
    "Ｗｉｄｅ ﬂute ¾ ② ℠ ³ ㎏", "cafe\u0301 Mu\u0308ller a\u030a\u0323 \u1e69", "ﾋﾟｱﾉ ｶﾞｷﾞ ピアノの曲 재즈 피아노 джаз", "o\u0308\u0301 \u0301 a\u200d",
    "🎻 strings 🎻🎻 and 👩🏽‍🎤🇫🇮 voices", "a\u00a0b\u2003c\u3000d\u200be\ufefff\u2028g", "bell\x07 \x01\x1f\x7f end\r\nnext\rline", "nul\0byte",
    "stop</s>go <extra_id_3><pad> <unk>", "<extra_id_77", "＜pad＞ ＜/s＞ <s>", "▁▁mark ▁ed▁", "—“quotes”… don’t",
]

BANK = ["piano", "slow", "er", "ing", "t", "q", "7", "DUB", ",", ":", "!", "-", " ", " ", "  ", "\t", "\r\n", "\r", "\u00a0", "\u2002",
        "\u3000", "\u200b", "\u200d", "\ufeff", "\u00ad", "\u0300", "\u0308", "\u0327", "a\u0301", "n\u0303\u0331", "ö", "ñ", "ß", "İ", "ſ", "ﬀ", "Ｂ", "９",
        "⑦", "¼", "³", "℃", "…", "–", "„", "’", "音楽", "ｷﾞ", "ﾌﾟ", "は\u309a", "곡", "\u1100\u1161\u11a8", "хор", "\u0418\u0306", "क्ष", "ไทย",
        "عود", "ﷲ", "🎺", "👨‍🎤", "🇸🇪", "☎️", "🤘🏾", "\0", "\x02", "\x7f", "\x85", "\u2029", "▁", "<pad>", "</s>", "<unk>", "<extra_id_42>",
        "<extra", "</", "\U0001d400", "㎞", "㋿", "\u0344", "\u1e9b\u0323", "\ud7b1", "\U000e0042"]


def fuzz(count=200):
    state, out = 20240501, []
    def draw(n):
        nonlocal state                                               # Knuth's 64-bit congruential generator
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 33) % n
    for _ in range(count):
        out.append("".join(BANK[draw(len(BANK))] for _ in range(1 + draw(13))))
    return out


def corpus():
    """The prompts of the other tests."""
    for path, key in (("brief/prompts.jsonl", "prompt"), ("property/captions.jsonl", "caption")):
        with open(os.path.join(ROOT, path)) as file:
            for line in file:
                yield json.loads(line)[key]
