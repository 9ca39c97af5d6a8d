#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""fuzz/make-sf2.py FOLDER: writes the small SoundFonts of the corpus synth-sf2: one that is whole, and
others with one thing wrong each.  The layout is that of the SoundFont 2.04 specification, sections 4 to 7."""
import pathlib
import struct
import sys


def chunk(name, data):
    return name + struct.pack('<I', len(data)) + data + b'\0' * (len(data) % 2)


def listing(name, *chunks):
    return chunk(b'LIST', name + b''.join(chunks))


def name20(text):
    return text.encode().ljust(20, b'\0')


def font(version=2, frames=300, sample_type=1, rate=22050, target=0, last_bag=None, loop=(20, 200), extra=b''):
    samples = struct.pack(f'<{frames}h', *[(i * 997) % 20000 - 10000 for i in range(frames)]) + b'\0' * 92
    phdr = b''.join(name20(n) + struct.pack('<HHHIII', program, bank, bag, 0, 0, 0)
                    for n, program, bank, bag in (('piano', 0, 0, 0), ('drums', 0, 128, 2),
                                                  ('EOP', 0, 0, 3 if last_bag is None else last_bag)))
    pbag = struct.pack('<8H', 0, 0, 1, 0, 2, 1, 4, 1)
    pgen = struct.pack('<HhHhHBBHH', 48, 50, 41, target, 43, 0, 60, 41, 1)
    pmod = struct.pack('<HHhHH', 0x0502, 48, 960, 0, 0) + bytes(10)
    inst = b''.join(name20(n) + struct.pack('<H', bag) for n, bag in (('one', 0), ('two', 2), ('EOI', 3)))
    ibag = struct.pack('<8H', 0, 0, 1, 0, 3, 1, 4, 1)
    igen = (struct.pack('<Hh', 38, -6000) + struct.pack('<HBB', 44, 0, 100) + struct.pack('<HH', 53, 0) +
            struct.pack('<HH', 53, 1) + bytes(4))
    imod = struct.pack('<HHhHH', 0x0081, 6, 50, 0, 0) + bytes(10)
    shdr = b''.join(name20(n) + struct.pack('<IIIIIBbHH', start, end, start + loop[0], start + loop[1], rate,
                                            60, -3, 0, kind)
                    for n, start, end, kind in (('a', 0, 254, sample_type), ('b', 100, 290, 1), ('EOS', 0, 0, 0)))
    body = (b'sfbk' + listing(b'INFO', chunk(b'ifil', struct.pack('<HH', version, 4)), chunk(b'INAM', b'tiny')) +
            listing(b'sdta', chunk(b'smpl', samples)) +
            listing(b'pdta', chunk(b'phdr', phdr), chunk(b'pbag', pbag), chunk(b'pmod', pmod),
                    chunk(b'pgen', pgen), chunk(b'inst', inst), chunk(b'ibag', ibag), chunk(b'imod', imod),
                    chunk(b'igen', igen), chunk(b'shdr', shdr)) + extra)
    return chunk(b'RIFF', body)


def main(folder):
    whole = font()
    files = {
        'whole': whole,
        'compressed': font(version=3, sample_type=0x11),
        'rom': font(sample_type=0x8001),
        'no-rate': font(rate=0),
        'loop-backwards': font(loop=(200, 20)),
        'loop-outside': font(loop=(4000000, 4000000000)),
        'no-such-instrument': font(target=900),
        'bags-outside': font(last_bag=60000),
        'truncated': whole[:-40],
        'half': whole[:len(whole) // 2],
        'more-behind': font(extra=b'junk\xff\xff\xff\xff'),
        'samples-short': font(frames=60),
        'head-only': whole[:12],
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (folder / f'{name}.sf2').write_bytes(data)


if __name__ == '__main__':
    main(pathlib.Path(sys.argv[1]))
