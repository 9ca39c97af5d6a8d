/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of a set; included at the end of its file.  KERNELS is the table's variable, NAME its
 * name.
 */
#pragma once

const TuneKernels KERNELS = {
    .name = NAME,
    .usable = usable,
    .multiply = {multiply_f32, multiply_f16, multiply_q8, multiply_q4},
    .quantize_q8 = quantize_q8,
    .quantize_q4 = quantize_q4,
    .scores_f32 = scores_f32,
    .scores_f16 = scores_f16,
    .mix_f32 = mix_f32,
    .mix_f16 = mix_f16,
    .scores_q8 = scores_q8,
    .mix_q8 = mix_q8,
    .to_q8 = to_q8,
    .to_f16 = to_f16,
    .from_f16 = from_f16,
    .softmax = softmax,
    .gelu = gelu,
    .elu = elu,
    .add = add,
    .layer_norm = layer_norm,
    .rms_norm = rms_norm,
    .lstm = lstm,
};
