"""The peers fastscapelib and landlab: slopes that creep, on one raster of heights.

Called with the peer's name: adi (fastscapelib's DiffusionADIEroder), explicit (landlab's LinearDiffuser), taylor (landlab's
TaylorNonLinearDiffuser). Standard input: one JSON object a line. Standard output: one JSON object in answer.

  {"do": "load", "heights": PATH, "rows": N, "columns": M, "cell": METRES, "d": D, "each": PATH or null, "critical": S}
                             one diffusivity, or one a cell (adi, explicit: harmonic means between cells)      {}
  {"do": "run", "dt": YEARS, "parts": N}     from the heights as loaded                {"cpu": ..., "wall": ...}
  {"do": "save", "to": PATH}                 the heights after the last run                                    {}

Files hold f64 in this machine's order, row by row. All four edges are fixed.
"""
import json
import os
import sys
import time

import numpy

NAME = sys.argv[1]


class Adi:
    def load(self, heights, cell, d, each, critical):
        import fastscapelib

        self.before = heights
        grid = fastscapelib.RasterGrid(heights.shape, [cell, cell], fastscapelib.NodeStatus.FIXED_VALUE)
        self.creep = fastscapelib.DiffusionADIEroder(grid, d if each is None else each)

    def begin(self):
        pass

    def run(self, dt, parts):
        heights = self.before
        for _ in range(parts):
            heights = heights - self.creep.erode(heights, dt / parts)
        self.heights = heights


class Landlab:
    def load(self, heights, cell, d, each, critical):
        import landlab

        self.before = heights.ravel()
        self.grid = landlab.RasterModelGrid(heights.shape, xy_spacing=cell)
        self.heights = self.grid.add_field("topographic__elevation", self.before.copy(), at="node")
        if each is not None:
            head, tail = self.grid.nodes_at_link.T
            a, b = each.ravel()[head], each.ravel()[tail]
            d = 2 * a * b / (a + b)
        self.make(d, critical)

    def begin(self):
        self.heights[:] = self.before

    def run(self, dt, parts):
        for _ in range(parts):
            self.creep.run_one_step(dt / parts)


class Explicit(Landlab):
    """Takes sub-steps of its own within each part."""

    def make(self, d, critical):
        from landlab.components import LinearDiffuser

        self.creep = LinearDiffuser(self.grid, linear_diffusivity=d)


class Taylor(Landlab):
    """Each part is one explicit step; six terms are within a thousandth of the law up to half the critical slope."""

    def make(self, d, critical):
        from landlab.components import TaylorNonLinearDiffuser

        self.creep = TaylorNonLinearDiffuser(self.grid, linear_diffusivity=d, slope_crit=critical, nterms=6)


def answer(peer, request):
    what = request["do"]
    if what == "load":
        shape = request["rows"], request["columns"]
        read = lambda path: None if path is None else numpy.fromfile(path).reshape(shape)
        heights, each = read(request["heights"]), read(request["each"])
        peer.load(heights, request["cell"], request["d"], each, request["critical"])
        return {}
    if what == "run":
        peer.begin()
        wall, cpu = time.perf_counter(), time.process_time()
        peer.run(request["dt"], request["parts"])
        return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
    if what == "save":
        numpy.ascontiguousarray(peer.heights, dtype=float).tofile(request["to"])
        return {}
    raise ValueError(what)


def main():
    # Answers go where nothing else is printed.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    peer = {"adi": Adi, "explicit": Explicit, "taylor": Taylor}[NAME]()
    for line in sys.stdin:
        out.write(json.dumps(answer(peer, json.loads(line))) + "\n")
        out.flush()


main()
