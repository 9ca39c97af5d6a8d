# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small tokenizer as T5's: sentencepiece's unigram model, and the same as tokenizer.json."""
import base64, io, json

import torch

EXTRA_IDS = 100


def train(folder, corpus):
    """spiece.model and tokenizer.json."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as protocol
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus), model_writer=out, model_type="unigram", vocab_size=700, hard_vocab_limit=False,
        character_coverage=1.0, normalization_rule_name="nmt_nfkc", pad_id=0, eos_id=1, unk_id=2, bos_id=-1,
        required_chars="éüø_'\"&%#@?/", num_threads=1, minloglevel=2)
    with open(f"{folder}/spiece.model", "wb") as file:
        file.write(out.getvalue())
    model = protocol.ModelProto()
    model.ParseFromString(out.getvalue())
    with open(f"{folder}/tokenizer.json", "w") as file:
        json.dump(as_json([(p.piece, p.score) for p in model.pieces], model.normalizer_spec.precompiled_charsmap), file,
                  ensure_ascii=False, indent=0)
        file.write("\n")


def as_json(vocab, charsmap):
    extra = [(f"<extra_id_{i}>", 0.0) for i in range(EXTRA_IDS - 1, -1, -1)]
    vocab = vocab + extra
    special = [i for i, (piece, _) in enumerate(vocab) if i < 3 or i >= len(vocab) - EXTRA_IDS]
    mark = dict(type="Metaspace", replacement="▁", prepend_scheme="always", split=True)
    return dict(
        version="1.0", truncation=None, padding=None,
        added_tokens=[dict(id=i, content=vocab[i][0], single_word=False, lstrip=False, rstrip=False, normalized=False,
                           special=True) for i in special],
        normalizer=dict(type="Precompiled", precompiled_charsmap=base64.b64encode(charsmap).decode()),
        pre_tokenizer=dict(type="Sequence", pretokenizers=[dict(type="WhitespaceSplit"), mark]),
        post_processor=dict(
            type="TemplateProcessing",
            single=[dict(Sequence=dict(id="A", type_id=0)), dict(SpecialToken=dict(id="</s>", type_id=0))],
            pair=[dict(Sequence=dict(id="A", type_id=0)), dict(SpecialToken=dict(id="</s>", type_id=0)),
                  dict(Sequence=dict(id="B", type_id=0)), dict(SpecialToken=dict(id="</s>", type_id=0))],
            special_tokens={"</s>": dict(id="</s>", ids=[1], tokens=["</s>"])}),
        decoder=mark, model=dict(type="Unigram", unk_id=2, vocab=vocab, byte_fallback=False))


class Tokenizer:
    """Texts to a batch: right-padded ids and their mask."""

    def __init__(self, path):
        from tokenizers import Tokenizer as Reference
        self.reference = Reference.from_file(path)

    def __call__(self, texts):
        ids = [self.reference.encode(text).ids for text in texts]
        n = max(map(len, ids))
        return dict(input_ids=torch.tensor([row + [0] * (n - len(row)) for row in ids]),
                    attention_mask=torch.tensor([[1] * len(row) + [0] * (n - len(row)) for row in ids]))

    def listing(self, texts, fuzz):
        entry = lambda text: dict(text=text, ids=self.reference.encode(text).ids)
        plain = [text for text in texts if "\0" not in text]
        return dict(tokenizer=[entry(text) for text in texts], tokenizer_fuzz=[entry(text) for text in fuzz],
                    tokenizer_normalized=[dict(text=text, out=self.reference.normalizer.normalize_str(text))
                                          for text in plain])
