# SPDX-License-Identifier: MIT
"""The C form of a voice blob: one struct of typed arrays whose bytes are the blob's, padding spelled out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lottava.graph import Graph
from lottava.layers import PRODUCTS
from lottava.levels import MAX_LEVELS

from . import blob, cgen

STRUCTS = {"header": "NnBlobHeader", "tensors": "NnBlobTensor", "layers": "NnBlobLayer"}


def _record(value: NDArray) -> str:
    """`{ ... }` of one structured record, nested like its fields."""
    fields = value.dtype.names
    if fields is None:
        return "{" + ", ".join(cgen.literal(v) for v in value.tolist()) + "}" if value.ndim else cgen.literal(value[()])
    return "{" + ", ".join(_record(np.asarray(value[name])) for name in fields) + "}"


def _initialiser(section: blob.Section) -> str:
    if section.values.dtype.names is None:
        return cgen.initialiser(section.values, "    ")
    if section.values.ndim == 0:
        return _record(section.values)
    return "{\n" + "".join(f"    {_record(record)},\n" for record in section.values) + "  }"


def _field(section: blob.Section) -> str:
    shape = "".join(f"[{size}]" for size in section.values.shape)
    c_type = STRUCTS.get(section.name) or cgen.C_TYPES[section.values.dtype.name]
    return f"  {c_type} {cgen.identifier(section.name)}{shape};\n"


def emit_voice_header(
    graph: Graph,
    parameters: blob.VoiceParameters,
    title: str,
    *,
    block: int = 1,
    memory: Mapping[str, int] | None = None,
) -> str:
    """voice_blob.h: the object `lottava_voice`, for one C source (designated initialisers are C11, not C++17)."""
    fields, values, end = [], [], 0
    for section in blob.sections(graph, parameters, block=block, memory=memory):
        if gap := section.offset - end:
            fields.append(f"  uint8_t padding_{end}[{gap}];\n")
        fields.append(_field(section))
        values.append(f"  .{section.name} = {_initialiser(section)},\n")
        end = section.offset + section.values.nbytes
    struct = f"struct LottavaVoice {{\n{''.join(fields)}}};\n"
    check = f'_Static_assert(sizeof(struct LottavaVoice) == {end}, "no padding but what is written");\n'
    alignment = f"__attribute__((aligned({blob.ALIGNMENT})))"
    voice = f"static const struct LottavaVoice lottava_voice {alignment} = {{\n{''.join(values)}}};\n"
    includes = ("<stdint.h>", '"nn/blob.h"')
    recipe = f"lottava.export.voice_header from {title}"
    return cgen.emit_header("LOTTAVA_GENERATED_VOICE_BLOB_H_", recipe, [struct, check, voice], includes)


def emit_blob_format() -> str:
    """generated/blob_format.h: magic, version, the runner's static maxima, the codes of kinds and activations."""
    names = ("LAYERS", "TENSORS", "WIDTH", "HIDDEN", "FAN_IN", "PERIOD", "BLOCK", "PARTS", "ARRAYS", "RUNS")
    lines = [
        cgen.emit_define("NN_BLOB_MAGIC", blob.MAGIC, '"LTVB"'),
        cgen.emit_define("NN_BLOB_VERSION", blob.VERSION),
        cgen.emit_define("NN_BLOB_CRC_START", blob.CRC_START, "the CRC-32 covers every byte from here on"),
        cgen.emit_define("NN_BLOB_ALIGNMENT", blob.ALIGNMENT, "of every array"),
        *(cgen.emit_define(f"NN_MAX_{name}", getattr(blob, f"MAX_{name}")) for name in names),
        cgen.emit_define("NN_MAX_LEVELS", MAX_LEVELS, "the whole network included"),
        cgen.emit_define("NN_MEMORIES", blob.MEMORIES, "DTCM, AXI SRAM"),
        cgen.emit_define("NN_LAST_WEIGHTED", max(code for name, code in blob.KINDS.items() if PRODUCTS[name])),
        cgen.emit_define("NN_LAST_ACTIVATION", max(blob.ACTIVATIONS.values())),
        cgen.emit_enum("NnKind", [(f"NN_{name.upper()}", code) for name, code in blob.KINDS.items()]),
        cgen.emit_enum("NnActivation", [(f"NN_{name.upper()}", code) for name, code in blob.ACTIVATIONS.items()]),
    ]
    return cgen.emit_header("LOTTAVA_GENERATED_BLOB_FORMAT_H_", "lottava.export.voice_header", ["".join(lines)])
