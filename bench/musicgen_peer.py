# SPDX-License-Identifier: LGPL-2.1-or-later
"""The reference (transformers on PyTorch) on the folder that bench/musicgen.sh makes, as rows of its CSV.

    python3 bench/musicgen_peer.py FOLDER float32|bfloat16|int8 [SECONDS]

A step is one column of all codebooks with guidance (two rows).  The median of the second half of the steps counts.
int8 is PyTorch's dynamic quantisation of every Linear of the decoder.
"""
import json
import os
import sys
import time

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_VERBOSITY="error", CUDA_VISIBLE_DEVICES="")
import torch
import transformers

transformers.utils.logging.disable_progress_bar()


def model_of(folder, kind):
    config = transformers.MusicgenConfig(**json.load(open(f"{folder}/config.json")))
    dtype = torch.bfloat16 if kind == "bfloat16" else torch.float32
    model = transformers.MusicgenForConditionalGeneration.from_pretrained(folder, config=config, dtype=dtype)
    if kind == "int8":
        model.decoder = torch.ao.quantization.quantize_dynamic(model.decoder, {torch.nn.Linear}, dtype=torch.qint8)
    return model.eval()


def main():
    folder, kind = sys.argv[1:3]
    seconds = float(sys.argv[3]) if len(sys.argv) > 3 else 3.0
    model = model_of(folder, kind)
    times = []
    model.decoder.register_forward_pre_hook(lambda *a, **k: times.append(time.perf_counter()), with_kwargs=True)
    ids = torch.tensor([[4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 1]])
    for threads in range(1, min(2, os.cpu_count()) + 1):
        torch.set_num_threads(threads)
        times.clear()
        start = time.perf_counter()
        with torch.no_grad():
            model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), guidance_scale=3.0, do_sample=True,
                           max_new_tokens=int(50 * seconds) + 3)
        whole = time.perf_counter() - start
        gaps = sorted(b - a for a, b in zip(times, times[1:]))[: len(times)]
        late = sorted(b - a for a, b in zip(times[len(times) // 2:], times[len(times) // 2 + 1:]))
        note = f"transformers {transformers.__version__}; best {1 / gaps[0]:.2f}/s"
        print(f"peer-steps,{kind},{threads},1,{1 / late[len(late) // 2]:.3f},1/s,,{note}")
        print(f"peer-real-time-factor,{kind},{threads},1,{whole / seconds:.3f},s/s,,", flush=True)


if __name__ == "__main__":
    main()
