"""A long run: ``python benches/soak.py [--agent-steps N] [--resets N]``.

Steps worlds of eight robots with actions at random and starts them anew again and again, twice from the
same seeds, in two processes at a time. Fails if a number is not finite, if memory has grown by one per
cent between a tenth of the way and the end, or if the two runs differ in any hash on the way.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import bonanza
from bonanza import bench

WORLDS = 16
BLOCK = 250
"""Steps of the same actions, drawn anew for each block."""


def soak(agent_steps: int, resets: int) -> dict[str, object]:
    """One run: what it has come to, with a hash of all hashes on the way."""
    worlds = bonanza.VecWorlds(bench.flight_8(), worlds=WORLDS, seed=11, autoreset="same_step")
    agents = WORLDS * len(worlds.agents)
    blocks = -(-agent_steps // (agents * BLOCK))
    told = hashlib.blake2b(digest_size=16)
    rng = np.random.default_rng(12)
    actions = np.zeros((WORLDS, len(worlds.agents), 11), dtype=np.float32)
    first_mb, done, anew, begun = 0.0, 0, 0, time.perf_counter()
    for block in range(blocks):
        actions[..., :6] = rng.uniform(-1.0, 1.0, actions[..., :6].shape)
        for _ in range(BLOCK):
            worlds.native.step(actions, worlds)
            anew += int(worlds.began.sum())
        done += agents * BLOCK
        # As many more as are wanted, spread over the run.
        while anew < resets * (block + 1) // blocks:
            worlds.reset()
            anew += WORLDS
        finite = np.isfinite(worlds.observations).all() and np.isfinite(worlds.rewards).all()
        if not finite:
            raise SystemExit(f"a number is not finite after {done:,} agent-steps")
        for world in range(WORLDS):
            told.update(worlds.state_hash(world).to_bytes(8, "little"))
        told.update(worlds.observations.tobytes())
        if block == blocks // 10:
            first_mb = bench._resident_mb() or 0.0
        if block % max(1, blocks // 50) == 0:
            rate = done / (time.perf_counter() - begun)
            memory_mb = bench._resident_mb() or 0.0
            told_now = f"{done:>13,} agent-steps, {rate:,.0f}/s, {memory_mb:.0f} MB"
            print(told_now, file=sys.stderr, flush=True)
    last_mb = bench._resident_mb() or 0.0
    return {
        "agent_steps": done,
        "resets": anew,
        "hash": told.hexdigest(),
        "first_mb": first_mb,
        "last_mb": last_mb,
        "growth": last_mb / first_mb - 1.0 if first_mb else 0.0,
    }


def main() -> int:
    """Two runs, and whether they are as they should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agent-steps", type=int, default=100_000_000)
    parser.add_argument("--resets", type=int, default=10_000)
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(soak(options.agent_steps, options.resets)))
        return 0
    command = [sys.executable, __file__, *sys.argv[1:], "--one"]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = []
    for run in runs:
        out, _ = run.communicate()
        if run.returncode:
            return 1
        told.append(json.loads(out))
    for one in told:
        print(json.dumps(one))
    wrong = []
    if told[0]["hash"] != told[1]["hash"]:
        wrong.append("the two runs differ")
    for one in told:
        if one["growth"] >= 0.01:
            wrong.append(f"memory has grown by {100 * one['growth']:.2f} %")
    print("; ".join(wrong) or "no growth, no difference, no number that is none")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
