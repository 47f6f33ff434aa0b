#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Weights of `randwire export --safetensors` in PyTorch, by a map of names. Needs torch and nothing else.

In a program of yours:

  from pytorch_weights import load, randwire_names
  load(model, "weights.safetensors", names)      # names: PyTorch's name -> RandWire's, of every parameter and buffer

As a command, for networks as benchmarks/peers/pytorch_randwire.py builds them from graph files (network.graph.files):

  pytorch_weights.py weights.safetensors --graphs FOLDER --network randwire-cifar [--save model.pt]
"""
import argparse
import difflib
import json
import pathlib
import struct
import sys

TYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64", "I32": "int32"}


def read(path):
    """The tensors of a safetensors file by name."""
    import torch

    data = bytearray(pathlib.Path(path).read_bytes())
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(bytes(data[8 : 8 + length]))
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        kind = getattr(torch, TYPES[entry["dtype"]])
        flat = torch.frombuffer(data[start:end], dtype=kind) if end > start else torch.empty(0, dtype=kind)
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


def load(model, path, names):
    """Sets every parameter and buffer of the model; refuses a name or a shape that does not fit.

    PyTorch's num_batches_tracked, which RandWire does not count, stays as it is.
    """
    tensors = read(path)
    state = {}
    for name, old in model.state_dict().items():
        if name.endswith(".num_batches_tracked"):
            state[name] = old
            continue
        ours = names.get(name, name)
        if ours not in tensors:
            near = difflib.get_close_matches(ours, tensors, 1)
            raise KeyError("%s: no tensor %s for %s%s" % (path, ours, name, "; nearest: " + near[0] if near else ""))
        tensor = tensors.pop(ours)
        if tensor.shape != old.shape:
            raise ValueError("%s: %s is %s, %s takes %s" % (path, ours, list(tensor.shape), name, list(old.shape)))
        state[name] = tensor
    if tensors:
        raise KeyError("%s: nothing in the model takes %s" % (path, ", ".join(sorted(tensors))))
    model.load_state_dict(state)
    return model


def randwire_names(model):
    """The map for a model of benchmarks/peers/pytorch_randwire.py: its layers stand in RandWire's order."""
    convolutions = sum(type(layer).__name__ == "Conv2d" for layer in model) - 1  # the last is the head's
    names, stage, stem = {}, 0, 0
    for index, layer in enumerate(model):
        kind, prefix = type(layer).__name__, "%d." % index
        if kind == "Stage":
            stage += 1
            for node in range(len(layer.nodes)):
                inner, outer = "%snodes.%d." % (prefix, node), "stage%d.node%d." % (stage, node)
                names[inner + "weight"] = outer + "aggregation.weight"
                for part in ("depthwise", "pointwise"):
                    names["%s%s.weight" % (inner, part)] = "%s%s.weight" % (outer, part)
                for value in ("weight", "bias", "running_mean", "running_var"):
                    names["%snorm.%s" % (inner, value)] = "%sbn.%s" % (outer, value)
        elif kind == "Conv2d":
            stem += 1
            place = "head" if stem > convolutions else "conv%d" % stem
            names[prefix + "weight"] = place + (".pointwise.weight" if place == "head" else ".convolution.weight")
        elif kind == "BatchNorm2d":
            for value in ("weight", "bias", "running_mean", "running_var"):
                names[prefix + value] = "%s.bn.%s" % (place, value)
        elif kind == "Linear":
            names[prefix + "weight"], names[prefix + "bias"] = "fc.weight", "fc.bias"
    return names


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=pathlib.Path)
    parser.add_argument("--graphs", type=pathlib.Path, required=True, help="NETWORK-1.txt, NETWORK-2.txt, ..")
    parser.add_argument("--network", required=True)
    parser.add_argument("--save", type=pathlib.Path, help="write the model's state dict")
    options = parser.parse_args()
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "benchmarks" / "peers"))
    import torch
    import pytorch_randwire

    model = pytorch_randwire.build(torch, options.network, options.graphs).eval()
    load(model, options.weights, randwire_names(model))
    print("%d tensors, %d values" % (len(model.state_dict()), sum(t.numel() for t in model.state_dict().values())))
    if options.save:
        torch.save(model.state_dict(), options.save)


if __name__ == "__main__":
    main()
