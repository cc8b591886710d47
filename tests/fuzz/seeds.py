#!/usr/bin/env python3
"""Writes the files that fuzzing starts from into corpus/TARGET: those called good* must be read, those called bad*
must be refused. Files that were found by fuzzing lie beside them and are left alone.

    seeds.py [FUZZ_REPLAY]

With the program, the files of weights and trainings, too: only the library can make them.
"""
import gzip
import json
import pathlib
import struct
import subprocess
import sys
import zlib

corpus = pathlib.Path(__file__).resolve().parent / "corpus"


def put(target, name, content):
    folder = corpus / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def pair(first, second):
    return struct.pack("<H", len(first)) + first + second


def packed(content):
    return gzip.compress(content, 9, mtime=0)


# ---- .safetensors -----------------------------------------------------------------------------------------------
def tensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors():
    def seed(name, *content, **more):
        put("safetensors", name, tensors(*content, **more))

    two = {"a": entry("F32", [2], 0, 8), "b": entry("U8", [1, 3], 8, 11)}
    seed("good-two", two, bytes(11))
    seed("good-empty", {})
    seed("good-metadata", {"__metadata__": {"k": "v", "\u00e9\U0001f30a\"\\": "\n\t\0"}, "s": entry("F64", [], 0, 8)}, bytes(8))
    seed("good-null-metadata", b'{"__metadata__":null,"x":{"dtype":"BOOL","shape":[0,5],"data_offsets":[0,0]}} ')
    seed("good-escapes", rb'{"\u00e9\ud83c\udf0a\/\b":{"data_offsets":[0,2],"shape":[2],"dtype":"I8"}}', bytes(2))
    seed("good-half-bytes", {"f": entry("F4", [4], 0, 2), "e": entry("F6_E2M3", [4], 2, 5), "h": entry("BF16", [1], 5, 7),
                             "c": entry("C64", [1], 7, 15), "i": entry("I64", [1], 15, 23)}, bytes(23))
    seed("bad-overlap", {"a": entry("F32", [2], 0, 8), "b": entry("F32", [2], 4, 12)}, bytes(12))
    seed("bad-gap", {"a": entry("U8", [2], 0, 2), "b": entry("U8", [2], 4, 6)}, bytes(6))
    seed("bad-end-before-begin", {"a": entry("U8", [2], 8, 6)}, bytes(8))
    seed("bad-beyond", {"a": entry("U8", [1 << 40], 0, 1 << 40)}, bytes(8))
    seed("bad-product", {"a": entry("F32", [1 << 32, 1 << 32], 0, 0)})
    seed("bad-product-with-zero", {"a": entry("F32", [0, 1 << 63, 1 << 63], 0, 1)}, bytes(1))
    seed("bad-bits", {"a": entry("F4", [1 << 62], 0, 1 << 61)})
    seed("bad-part-of-a-byte", {"a": entry("F4", [3], 0, 2)}, bytes(2))
    seed("bad-offset-of-2-64", b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,18446744073709551616]}}', bytes(1))
    seed("bad-negative", b'{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}', bytes(1))
    seed("bad-twice", b'{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}', bytes(2))
    seed("bad-nested", b'{"a":{"dtype":"U8","shape":' + b"[" * 900 + b"]" * 900 + b',"data_offsets":[0,1]}}', bytes(1))
    seed("bad-half-a-pair", rb'{"\ud83c":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}', bytes(1))
    seed("bad-utf8", b'{"\xc0\x80":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}', bytes(1))
    seed("bad-dtype", {"a": entry("F128", [1], 0, 16)}, bytes(16))
    seed("bad-length", {}, length=(1 << 63) + 7)
    seed("bad-length-by-one", two, bytes(11), length=len(json.dumps(two)))
    seed("bad-more-data", two, bytes(12))
    seed("bad-less-data", two, bytes(10))
    put("safetensors", "bad-short", b"\x02\0\0\0\0\0\0")
    put("safetensors", "bad-none", b"")
    put("safetensors", "bad-zip", b"PK\x03\x04" + bytes(60))


# ---- .npy -------------------------------------------------------------------------------------------------------
def npy(descr, shape, data=b"", fortran=False, version=1, text=None, length=None):
    if text is None:
        text = "{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n" % (descr, fortran, shape)
    text = text.encode() if isinstance(text, str) else text
    length = len(text) if length is None else length
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", length) + text + data


def arrays():
    def seed(name, content):
        put("npy", name, content)

    plain = npy("<f4", (2, 3), struct.pack("<6f", *range(6)))
    seed("good-f4", plain)
    seed("good-gz", packed(plain))
    seed("good-gz-of-two", packed(plain[:40]) + packed(plain[40:]))
    seed("good-version-2", npy("<f8", (1,), bytes(8), version=2))
    seed("good-version-3-double-quotes", npy("", "", b"\1", version=3,
                                             text='{"shape": (1L,), "descr": "|b1", "fortran_order": False}'))
    seed("good-fortran", npy("<i2", (2, 3, 2), bytes(range(24)), fortran=True))
    seed("good-fortran-empty", npy("<u8", (3, 0, 2), fortran=True))
    seed("good-scalar", npy("<i8", (), bytes(8)))
    seed("good-swapped-keys", npy("", "", bytes(4), text="{ 'shape':(4,),'fortran_order':True , 'descr':'|u1'}   "))
    seed("bad-big-endian", npy(">f4", (1,), bytes(4)))
    seed("bad-object", npy("|O", (1,), bytes(8)))
    seed("bad-record", npy("", "", bytes(8), text="{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}"))
    seed("bad-huge", npy("<f8", "(4611686018427387904, 4)"))
    seed("bad-huge-claim", npy("|u1", "(1099511627776,)", bytes(10)))
    seed("bad-huge-claim-gz", packed(npy("|u1", "(1099511627776,)", bytes(1 << 20))))
    seed("bad-short-data", plain[:-1])
    seed("bad-more-data", plain + b"\0")
    seed("bad-number-in-brackets", npy("|u1", "(4)", bytes(4)))
    seed("bad-key-twice", npy("", "", bytes(1), text="{'shape': (1,), 'shape': (1,), 'descr': '|u1', 'fortran_order': False}"))
    seed("bad-length-64k", npy("|u1", (1,), bytes(1), length=65535))
    seed("bad-length-4g", npy("|u1", (1,), bytes(1), version=2, length=0xFFFFFFFF))
    seed("bad-header-cut", plain[:37])
    seed("bad-magic", b"\x93NUMPX\1\0" + plain[8:])
    seed("bad-version", npy("|u1", (1,), bytes(1), version=4))
    zipped = packed(plain)
    seed("bad-gz-cut", zipped[:-6])
    seed("bad-gz-sum", zipped[:-5] + bytes([zipped[-5] ^ 1]) + zipped[-4:])
    seed("bad-gz-within", zipped[:30] + bytes([zipped[30] ^ 0x55]) + zipped[31:])
    seed("bad-gz-bomb", packed(npy("|u1", "(3000000,)", bytes(4000000))))
    seed("bad-gz-name-without-end", b"\x1f\x8b\x08\x08" + bytes(6) + b"n" * 200)
    # So many dimensions cost their number squared, or times the values: more than NumPy has.
    seed("bad-65-dimensions", npy("|u1", (1,) * 65, bytes(1)))
    seed("bad-many-dimensions-fortran", packed(npy("", "", bytes(200000), version=2, text="{'descr': '|u1', 'fortran_order': "
                                                   "True, 'shape': (200000" + ",1" * 100000 + ")}")))
    seed("good-64-dimensions", npy("|u1", (1,) * 64, bytes(1), fortran=True))

    def both(target, name, first, second):
        put(target, name, pair(first, second))

    grey, masks = npy("|u1", (2, 2, 3), bytes(range(12))), npy("|u1", (2, 2, 3), bytes([0, 1] * 6))
    both("npy_images", "good-grey", grey, masks)
    both("npy_images", "good-colours", npy("<f4", (1, 2, 1, 3), bytes(24)), npy("|b1", (1, 2, 1), b"\1\2"))
    both("npy_images", "good-doubles-gz", packed(npy("<f8", (1, 1, 2), bytes(16))), packed(npy("<i8", (1, 1, 2), bytes(16))))
    both("npy_images", "good-fortran", npy("|u1", (2, 2, 3), bytes(12), fortran=True), npy("<u2", (2, 2, 3), bytes(24), fortran=True))
    both("npy_images", "bad-shapes", grey, npy("|u1", (2, 3, 2), bytes(12)))
    both("npy_images", "bad-nan", npy("<f4", (1, 1, 1), struct.pack("<f", float("nan"))), npy("|u1", (1, 1, 1), b"\0"))
    both("npy_images", "bad-float-beyond", npy("<f8", (1, 1, 1), struct.pack("<d", 1e300)), npy("|u1", (1, 1, 1), b"\0"))
    both("npy_images", "bad-class", npy("|u1", (1, 1, 1), b"\0"), npy("<i4", (1, 1, 1), struct.pack("<i", -1)))
    both("npy_images", "bad-class-300", npy("|u1", (1, 1, 1), b"\0"), npy("<u8", (1, 1, 1), struct.pack("<Q", 300)))
    both("npy_images", "bad-empty", npy("|u1", "(0, 9223372036854775808, 2)"), npy("|u1", "(0, 9223372036854775808, 2)"))
    both("npy_images", "bad-five-channels", npy("|u1", (1, 1, 1, 5), bytes(5)), npy("|u1", (1, 1, 1), b"\0"))
    both("npy_images", "bad-float-masks", grey, npy("<f4", (2, 2, 3), bytes(48)))
    both("npy_images", "bad-one-file", grey, b"")

    vectors, frames = npy("<f4", (2, 3, 2), bytes(48)), npy("|u1", (2, 3, 1, 2, 2), bytes(24))
    both("npy_sequences", "good-label-each", vectors, npy("|u1", (2,), b"\0\1"))
    both("npy_sequences", "good-label-a-step", vectors, npy("<i8", (2, 3), bytes(48)))
    both("npy_sequences", "good-numbers", vectors, npy("<f8", (2,), bytes(16)))
    both("npy_sequences", "good-numbers-a-step", vectors, npy("<f4", (2, 3, 4), bytes(96)))
    both("npy_sequences", "good-frames-class-a-pixel", frames, npy("|b1", (2, 2, 2), bytes(8)))
    both("npy_sequences", "good-frames-frames", frames, npy("<f4", (2, 3, 1, 2, 2), bytes(96)))
    both("npy_sequences", "bad-huge-empty", npy("<f4", "(0, 4294967296, 4294967296)"), npy("|u1", "(0,)"))
    both("npy_sequences", "bad-huge-numbers", npy("<f4", "(0, 1, 1)"), npy("<f4", "(0, 1, 4294967296, 4294967296)"))
    both("npy_sequences", "bad-no-rank", vectors, npy("|u1", (), b"\0"))
    both("npy_sequences", "bad-rank", npy("<f4", (2, 3), bytes(24)), npy("|u1", (2,), b"\0\1"))
    both("npy_sequences", "bad-nan", vectors, npy("<f8", (2,), struct.pack("<2d", float("nan"), 1e300)))


# ---- IDX --------------------------------------------------------------------------------------------------------
def idx(*shape, data=b"", kind=8):
    return bytes([0, 0, kind, len(shape)]) + b"".join(struct.pack(">I", n) for n in shape) + data


def digits():
    put("idx", "good-images", idx(2, 2, 3, data=bytes(range(12))))
    put("idx", "good-gz", packed(idx(4, data=b"\1\2\3\4")))
    put("idx", "good-empty", idx(0, 5))
    put("idx", "bad-huge", idx(*[0xFFFFFFFF] * 4))
    put("idx", "bad-huge-claim", idx(0xFFFFFFFF, data=bytes(5)))
    put("idx", "bad-floats", idx(1, data=bytes(4), kind=13))
    put("idx", "bad-dimensions", idx(1, 1, 1, 1, 1, data=b"\1"))
    put("idx", "bad-cut", idx(2, 2, 3, data=bytes(11)))
    put("idx", "bad-more", idx(2, data=bytes(3)))
    put("idx", "bad-header-cut", idx(2, 2, 3)[:9])
    put("mnist", "good-two", pair(idx(2, 2, 3, data=bytes(range(12))), idx(2, data=b"\0\x09")))
    put("mnist", "good-gz", pair(packed(idx(1, 1, 1, data=b"\xff")), packed(idx(1, data=b"\3"))))
    put("mnist", "bad-label", pair(idx(1, 1, 1, data=b"\xff"), idx(1, data=b"\x0a")))
    put("mnist", "bad-counts", pair(idx(1, 1, 1, data=b"\xff"), idx(2, data=b"\1\1")))
    put("mnist", "bad-empty", pair(idx(0, 0xFFFFFFFF, 3), idx(0)))
    put("mnist", "bad-labels-first", pair(idx(2, data=b"\0\x09"), idx(2, 2, 3, data=bytes(range(12)))))


# ---- PNG --------------------------------------------------------------------------------------------------------
def chunk(kind, data=b""):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, bits, colours, rows, before=b"", interlace=0, end=chunk(b"IEND")):
    """rows: what deflate packs, each row with its filter in front."""
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colours, 0, 0, interlace)) +
            before + chunk(b"IDAT", zlib.compress(rows, 9)) + end)


def pictures():
    def seed(name, content):
        put("png", name, content)

    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}

    def picture(bits, colours, before=b"", filters=(0, 1, 2), **more):
        line = (3 * channels[colours] * bits + 7) // 8
        rows = b"".join(bytes([f]) + bytes((f * 50 + i * 7) % (2 if colours == 3 else 256) for i in range(line)) for f in filters)
        return png(3, len(filters), bits, colours, rows, before, **more)

    palette = chunk(b"PLTE", bytes(range(12)))
    for bits in (1, 2, 4, 8, 16):
        seed(f"good-grey-{bits}", picture(bits, 0, filters=(0, 1, 2, 3, 4)))
    seed("good-rgb-8", picture(8, 2))
    seed("good-rgb-16", picture(16, 2))
    seed("good-grey-alpha-8", picture(8, 4))
    seed("good-rgb-alpha-16", picture(16, 6, chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"bKGD", bytes(6))))
    seed("good-palette-1", png(3, 1, 1, 3, b"\0\xa0", palette))
    seed("good-palette-8-transparent", png(3, 1, 8, 3, b"\0\0\1\2", palette + chunk(b"tRNS", b"\x80\0")))
    seed("good-grey-transparent", picture(8, 0, chunk(b"tRNS", b"\0\7")))
    seed("good-rgb-16-transparent", picture(16, 2, chunk(b"tRNS", bytes(6))))
    seed("good-gamma-linear", picture(8, 2, chunk(b"gAMA", struct.pack(">I", 100000))))
    seed("good-gamma-tiny", picture(8, 2, chunk(b"gAMA", struct.pack(">I", 1))))
    seed("good-chromaticities", picture(8, 2, chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000))))
    seed("good-text", picture(8, 0, chunk(b"tEXt", b"Title\0drum") + chunk(b"zTXt", b"Z\0\0" + zlib.compress(bytes(100000), 9))))
    # Adam7 takes 3 x 3 pixels as rows of 1, 1, 2, 1, 1 and 3; passes without a column have no rows.
    seed("good-interlaced", png(3, 3, 8, 0, b"\0\1\0\2\0\3\4\0\5\0\6\0\7\x08\x09", interlace=1))
    seed("bad-palette-missing", png(3, 1, 8, 3, b"\0\0\1\2"))
    seed("bad-depth", picture(16, 0).replace(struct.pack(">BB", 16, 0), struct.pack(">BB", 3, 0), 1))
    seed("bad-interlace", png(3, 1, 8, 0, b"\0\1\2\3", interlace=7))
    seed("bad-rows-missing", png(3, 9, 8, 0, b"\0\1\2\3"))
    seed("bad-no-idat", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 3, 1, 8, 0, 0, 0, 0)) + chunk(b"IEND"))
    seed("bad-size", png(0x7FFFFFFF, 0x7FFFFFFF, 1, 0, b"\0"))
    seed("bad-size-0", png(0, 3, 8, 0, b"\0"))
    seed("bad-size-negative", png(0xFFFFFFFF, 1, 8, 0, b"\0"))
    seed("bad-lies", png(16000, 16000, 8, 2, bytes(3000)))
    seed("bad-lies-thin", png(1, 900000, 1, 0, bytes(3000)))
    seed("bad-chunk-length", png(3, 1, 8, 0, b"\0\1\2\3", struct.pack(">I", 0x7FFFFFFF) + b"tEXt" + bytes(8)))
    seed("bad-signature", b"\x89PNG\r\n\x1a\r" + picture(8, 0)[8:])
    seed("bad-cut", picture(8, 2)[:-20])
    seed("bad-jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(40))
    seed("bad-none", b"")
    grey = picture(8, 0)
    seed("bad-sum", grey[:29] + bytes(4) + grey[33:])  # of IHDR


# ---- the programs' files ----------------------------------------------------------------------------------------
def tables():
    header = b"run_name,dataset,model_type,readout_type,max_iters,num_layers,extension,loss,iou,acc,loss_foreground,iou_foreground,acc_foreground\n"

    def result(name, row, start=header):
        put("study_result", name, start + row)

    numbers = b"0.25,0.5,0.75,1e-05,nan,1\n"
    result("good-nwm", b"tetrominoes-nwm-linear-seed3,tetrominoes,nwm,linear,100,,," + numbers)
    result("good-unet", b"polygons-unet-2-seed0,polygons,unet,,,,width=2 collapsed," + numbers)
    result("bad-carriage-returns", b"tetrominoes-nwm-linear-seed3,tetrominoes,nwm,linear,100,,," + numbers[:-1] + b"\r\n")
    result("bad-quotes", b'"tetrominoes-nwm-linear-seed3","tetrominoes",nwm,linear,100,,,' + numbers)
    result("bad-two-rows", (b"tetrominoes-nwm-linear-seed3,tetrominoes,nwm,linear,100,,," + numbers) * 2)
    result("bad-seed", b"tetrominoes-nwm-linear-seed99999999999999999999,tetrominoes,nwm,linear,100,,," + numbers)
    result("bad-number", b"tetrominoes-nwm-linear-seed3,tetrominoes,nwm,linear,100,,,0x1p3,1,1,1,1,1\n")
    result("bad-beyond", b"tetrominoes-nwm-linear-seed3,tetrominoes,nwm,linear,100,,,1e999,1,1,1,1,1\n")
    result("bad-row", b"")
    result("bad-commas", b"," * 3000 + b"\n")
    result("bad-header", b"", header.replace(b"\n", b"\r\n"))
    result("bad-none", b"", b"")

    header = b"loss,iou,acc,loss_foreground,iou_foreground,acc_foreground\n"
    put("study_background", "good-infinite", header + b"inf,0.75,0.85,inf,0,0\n")
    put("study_background", "good-nan", header + b"inf,1,1,nan,nan,nan\n")
    put("study_background", "bad-five", header + b"inf,0.75,0.85,inf,0\n")
    put("study_background", "bad-seven", header + b"inf,0.75,0.85,inf,0,0,0\n")
    put("study_background", "bad-two-rows", header + b"inf,0.75,0.85,inf,0,0\n" * 2)
    put("study_background", "bad-digits", header + b"inf,0.750,0.85,inf,0,0\n")
    put("study_background", "bad-header", header[5:] + b"inf,0.75,0.85,inf,0,0\n")
    put("study_background", "bad-none", b"")

    put("study_settings", "good-two", b"epochs = 3\nlearning rate = 0.001\n")
    put("study_settings", "good-none", b"")
    put("study_settings", "good-twice", b"epochs = 4\nepochs = 3\n = \n")
    put("study_settings", "bad-other", b"epochs = 300\n")
    put("study_settings", "bad-carriage-returns", b"epochs = 3\r\n")
    put("study_settings", "bad-line", b"epochs=3\n")
    put("study_settings", "bad-zeros", bytes(50))

    header = b"epoch,loss,validation_loss,validation_iou,validation_acc,validation_loss_foreground,validation_iou_foreground,validation_acc_foreground\n"
    put("study_curve", "good-two", header + b"1,0.5,0.5,0.5,0.5,0.5,0.5,0.5\n2,nan,inf,1e-300,0,0,0,-0\n")
    put("study_curve", "good-more", header + b"1,1,1,1,1,1,1,1\n2,1,1,1,1,1,1,1\nnonsense")
    put("study_curve", "bad-one", header + b"1,1,1,1,1,1,1,1\n")
    put("study_curve", "bad-order", header + b"2,1,1,1,1,1,1,1\n1,1,1,1,1,1,1,1\n")
    put("study_curve", "bad-fields", header + b"1,1,1,1,1,1,1\n2,1,1,1,1,1,1,1,1\n")
    put("study_curve", "bad-field", header + b"1,,1,1,1,1,1,1\n2,1,1,1,1,1,1,1\n")
    put("study_curve", "bad-carriage-returns", header.replace(b"\n", b"\r\n"))
    put("study_curve", "bad-none", b"")

    header = b"epoch,loss,validation_loss,validation_accuracy\n"
    put("sequence_curve", "good-two", header + b"1,0.5,0.25,\n2,nan,inf,0.125\n")
    put("sequence_curve", "bad-one", header + b"1,1,1,1\n")
    put("sequence_curve", "bad-order", header + b"1,1,1,1\n3,1,1,1\n")
    put("sequence_curve", "bad-fields", header + b"1,1,1\n2,1,1,1,1\n")
    put("sequence_curve", "bad-number", header + b"1,1,1,1\n2,1,1,--1\n")
    put("sequence_curve", "bad-carriage-returns", header + b"1,1,1,1\r\n2,1,1,1\r\n")
    put("sequence_curve", "bad-none", b"")

    settings = b"run = copy-rnn\ntraining sequences = 6400\nseed = 0\n"
    put("sequence_folder", "good-first", pair(settings, b""))
    put("sequence_folder", "good-second", pair(settings, b"run,parameters\ncopy-rnn,0\n"))
    put("sequence_folder", "bad-other", pair(settings.replace(b"6400", b"64"), b""))
    put("sequence_folder", "bad-none", b"")


# ---- checkpoints ------------------------------------------------------------------------------------------------
def parts(content):
    length = struct.unpack("<Q", content[:8])[0]
    return json.loads(content[8:8 + length]), content[8 + length:]


def checkpoints(program):
    for target in ("weights", "training"):
        (corpus / target).mkdir(parents=True, exist_ok=True)
        subprocess.run([program, target, "--write", str(corpus / target / "good-written")], check=True)
        written = (corpus / target / "good-written").read_bytes()
        header, data = parts(written)
        names = [n for n in header if n != "__metadata__"]

        def without(name):
            """The file without a tensor."""
            begin, end = header[name]["data_offsets"]
            left = {"__metadata__": header["__metadata__"]}
            for other in names:
                if other != name:
                    b, e = header[other]["data_offsets"]
                    less = end - begin if b >= end else 0
                    left[other] = dict(header[other], data_offsets=[b - less, e - less])
            return tensors(left, data[:begin] + data[end:])

        def changed(name, value, at=0):
            begin = header[name]["data_offsets"][0] + at
            return tensors(header, data[:begin] + value + data[begin + len(value):])

        weight = next(n for n in names if header[n]["dtype"] == "F32" and not n.startswith("adam"))
        put(target, "good-no-description", tensors({n: header[n] for n in names} | (
            {"__metadata__": {k: v for k, v in header["__metadata__"].items() if k.startswith("nwm.trainer")}} if target == "training" else {}), data))
        put(target, "bad-missing", without(weight))
        put(target, "bad-nan", changed(weight, struct.pack("<f", float("nan"))))
        put(target, "bad-shape", tensors(dict(header, **{weight: dict(header[weight], shape=header[weight]["shape"] + [1])}), data))
        put(target, "bad-type", tensors(dict(header, **{weight: dict(header[weight], dtype="I32")}), data))
        put(target, "bad-cut", written[:-3])
        put(target, "bad-other-model", tensors(dict(header, __metadata__=dict(header["__metadata__"], **{"nwm.kind": "unet"})), data))
        if target == "weights":
            put(target, "bad-variance", changed("norm.running_var", struct.pack("<f", -1)))
            half, at, out = {}, 0, b""
            for n in names:
                b, e = header[n]["data_offsets"]
                kind = header[n]["dtype"]
                part = struct.pack("<%dH" % ((e - b) // 4), *[0x3C00 + i for i in range((e - b) // 4)]) if kind == "F32" else data[b:e]
                half[n] = dict(header[n], dtype="F16" if kind == "F32" else kind, data_offsets=[at, at + len(part)])
                at, out = at + len(part), out + part
            put(target, "good-halves", tensors(half, out))
            put(target, "good-foreign", tensors(dict(header, foreign=entry("U8", [2], len(data), len(data) + 2)), data + bytes(2)))
        else:
            put(target, "bad-counters", changed("trainer.counters", struct.pack("<q", -1)))
            put(target, "bad-step", changed("trainer.counters", struct.pack("<q", 1 << 62), 8))
            put(target, "good-epoch-beyond", changed("trainer.counters", struct.pack("<q", (1 << 63) - 1)))
            put(target, "bad-options", changed("trainer.options", struct.pack("<d", 7)))
            put(target, "bad-seed", changed("trainer.seed", struct.pack("<Q", (1 << 64) - 1)))
            put(target, "bad-numbers", changed("trainer.numbers", struct.pack("<d", float("inf"))))
            put(target, "bad-images", changed("trainer.set", struct.pack("<q", 5)))
            put(target, "good-no-images", without("trainer.set"))


if __name__ == "__main__":
    for make in (safetensors, arrays, digits, pictures, tables):
        make()
    if len(sys.argv) > 1:
        checkpoints(sys.argv[1])
