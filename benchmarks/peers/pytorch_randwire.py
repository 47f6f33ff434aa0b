#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""RandWire networks in PyTorch on one GPU: the peer of RandWire's CUDA backend.

The graphs are edge lists, one file per stage (a node count, then one "from to" per line), as RandWire's
network.graph.files reads them. Modes: eager, torch.compile, torch.compile max-autotune with CUDA graphs; bfloat16
autocast, channels last, SGD with momentum, random images, one training step measured. Needs torch.

  pytorch_randwire.py --write-graphs FOLDER          draws WS(4, 0.75) graphs, needs no torch
  pytorch_randwire.py --graphs FOLDER [--network randwire-small] [--batch 32 128 512]
"""
import argparse
import pathlib
import random
import statistics
import sys
import time

REGIMES = {  # channels, nodes of each stage, image, classes, stem's strides, ReLU before the pool, features
    "randwire-small": (78, (32, 32, 32), 224, 1000, (2, 2), True, 1280),
    "randwire-regular-109": (109, (16, 32, 32, 32), 224, 1000, (2,), True, 1280),
    "randwire-cifar": (32, (32, 32, 32), 32, 10, (1,), False, 256),
}


def watts_strogatz(nodes, neighbours, probability, seed):
    """The ring rewired, edges oriented from the lower to the higher number."""
    draw = random.Random(seed)
    edges = {tuple(sorted((v, (v + k) % nodes))) for k in range(1, neighbours // 2 + 1) for v in range(nodes)}
    for k in range(1, neighbours // 2 + 1):
        for v in range(nodes):
            old = tuple(sorted((v, (v + k) % nodes)))
            if old in edges and draw.random() < probability:
                free = [w for w in range(nodes) if w != v and tuple(sorted((v, w))) not in edges]
                if free:
                    edges.remove(old)
                    edges.add(tuple(sorted((v, draw.choice(free)))))
    return sorted(edges)


def write_graphs(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, regime in REGIMES.items():
        for stage, nodes in enumerate(regime[1]):
            lines = [str(nodes)] + ["%d %d" % edge for edge in watts_strogatz(nodes, 4, 0.75, stage + 1)]
            (folder / ("%s-%d.txt" % (name, stage + 1))).write_text("\n".join(lines) + "\n")


def read_graph(path):
    lines = [line for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    sources = [[] for _ in range(int(lines[0]))]
    for line in lines[1:]:
        start, end = map(int, line.split())
        sources[end].append(start)
    return sources


def build(torch, name, folder):
    nn = torch.nn
    channels, nodes, _, classes, strides, relu_before_pool, features = REGIMES[name]

    class Node(nn.Module):
        def __init__(self, inputs, width_in, width, stride):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(inputs))
            self.depthwise = nn.Conv2d(width_in, width_in, 3, stride, 1, groups=width_in, bias=False)
            self.pointwise = nn.Conv2d(width_in, width, 1, bias=False)
            self.norm = nn.BatchNorm2d(width)

        def forward(self, xs):
            scales = torch.sigmoid(self.weight).to(xs[0].dtype)
            total = xs[0] * scales[0]
            for i in range(1, len(xs)):
                total = total + xs[i] * scales[i]
            return self.norm(self.pointwise(self.depthwise(torch.relu(total))))

    class Stage(nn.Module):
        def __init__(self, sources, width_in, width):
            super().__init__()
            self.sources = sources
            read = {s for one in sources for s in one}
            self.sinks = [v for v in range(len(sources)) if v not in read]
            self.nodes = nn.ModuleList(
                Node(len(s) or 1, width if s else width_in, width, 1 if s else 2) for s in sources)

        def forward(self, x):
            outputs = []
            for node, sources in zip(self.nodes, self.sources):
                outputs.append(node([outputs[s] for s in sources] if sources else [x]))
            return sum(outputs[v] for v in self.sinks) / len(self.sinks)

    layers, width = [], 3
    for i, stride in enumerate(strides):
        wide = channels if name == "randwire-cifar" or i == 1 else channels // 2
        layers += ([nn.ReLU()] if i else []) + [nn.Conv2d(width, wide, 3, stride, 1, bias=False), nn.BatchNorm2d(wide)]
        width = wide
    for stage in range(len(nodes)):
        sources = read_graph(folder / ("%s-%d.txt" % (name, stage + 1)))
        layers.append(Stage(sources, width, channels << stage))
        width = channels << stage
    layers += [nn.ReLU(), nn.Conv2d(width, features, 1, bias=False), nn.BatchNorm2d(features)]
    layers += ([nn.ReLU()] if relu_before_pool else []) + [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(features, classes))


def measure(torch, name, folder, batch, mode, rounds=20):
    torch.manual_seed(1)
    _, _, size, classes, *_ = REGIMES[name]
    model = build(torch, name, folder).cuda().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-5, fused=True)
    criterion = torch.nn.CrossEntropyLoss(label_smoothing=0.1)
    images = torch.randn(batch, 3, size, size, device="cuda").to(torch.bfloat16, memory_format=torch.channels_last)
    labels = torch.randint(classes, (batch,), device="cuda")

    def loss():
        with torch.autocast("cuda", torch.bfloat16):
            return criterion(model(images), labels)

    compiled = {"eager": lambda f: f, "compile": torch.compile,
                "max-autotune": lambda f: torch.compile(f, mode="max-autotune")}[mode](loss)

    def step():
        optimizer.zero_grad(set_to_none=True)
        compiled().backward()
        optimizer.step()

    start = time.time()
    for _ in range(5):
        step()
    torch.cuda.synchronize()
    warm = time.time() - start
    times = []
    for _ in range(rounds):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        step()
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end))
    return batch / statistics.median(times) * 1000, warm


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write-graphs", type=pathlib.Path)
    parser.add_argument("--graphs", type=pathlib.Path)
    parser.add_argument("--network", choices=REGIMES, nargs="+", default=list(REGIMES))
    parser.add_argument("--batch", type=int, nargs="+", default=[32, 64, 128, 256, 512])
    parser.add_argument("--mode", nargs="+", default=["eager", "compile", "max-autotune"])
    options = parser.parse_args()
    if options.write_graphs:
        write_graphs(options.write_graphs)
        return 0
    if not options.graphs:
        parser.error("--graphs FOLDER is needed, as --write-graphs makes it")
    import torch

    print("PyTorch %s on %s" % (torch.__version__, torch.cuda.get_device_name()))
    for name in options.network:
        for mode in options.mode:
            for batch in options.batch:
                label = "%s, %s, batch %d" % (name, mode, batch)
                try:
                    rate, warm = measure(torch, name, options.graphs, batch, mode)
                    print("%-44s %.0f images/s (first five steps %.1f s)" % (label, rate, warm), flush=True)
                except torch.cuda.OutOfMemoryError:
                    print("%-44s out of memory" % label, flush=True)
                torch.cuda.empty_cache()
                torch._dynamo.reset()
    return 0


if __name__ == "__main__":
    sys.exit(main())
