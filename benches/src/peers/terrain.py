"""The peers fastscapelib, landlab and richdem: depressions, flow, rivers and creep on one raster of heights.

Called with the peer's name. Standard input: one JSON object a line. Standard output: one JSON object in answer.

  {"do": "load", "heights": PATH, "rows": N, "columns": M, "cell": METRES, "k": K, "m": m, "n": n, "d": D, "dt": YEARS}
  {"do": "part", "name": NAME}       one part on the heights as loaded     {"cpu": seconds, "wall": seconds}
  {"do": "step", "uplift": METRES}   a whole step; heights go on from it   {"cpu": ..., "wall": ...}
  {"do": "round", "bits": B}         heights to multiples of 2^-B m        {}
  {"do": "save", "what": NAME, "to": PATH}                                 {}

Files hold f64 in this machine's order, row by row. All four edges are base level. Parts: fill, gradient (richdem);
flood, carve (routing with drainage area), cut (fastscapelib). What can be saved: fill, gradient, receivers, area, cut
(what the parts gave), heights.
"""
import json
import os
import sys
import time

import numpy

NAME = sys.argv[1]


class Fastscapelib:
    def load(self, heights, cell, p):
        import fastscapelib

        self.heights, self.dt = heights, p["dt"]
        self.grid = fastscapelib.RasterGrid(heights.shape, [cell, cell], fastscapelib.NodeStatus.FIXED_VALUE)
        one = fastscapelib.SingleFlowRouter()
        self.graphs = {
            "flood": fastscapelib.FlowGraph(self.grid, [fastscapelib.PFloodSinkResolver(), one]),
            "carve": fastscapelib.FlowGraph(self.grid, [one, fastscapelib.MSTSinkResolver()]),
        }
        self.graph = self.graphs["flood"]
        self.area = numpy.empty_like(heights)
        self.rivers = fastscapelib.SPLEroder(self.graph, p["k"], p["m"], p["n"], 1e-13)
        self.creep = fastscapelib.DiffusionADIEroder(self.grid, p["d"])
        self.given = {}

    def part(self, name):
        if name == "cut":
            self.given[name] = self.rivers.erode(self.heights, self.area, self.dt)
        else:
            self.routed = self.graphs[name]
            self.routed.update_routes(self.heights)
            self.routed.accumulate(self.area, 1.0)

    def step(self, uplift):
        if uplift:
            self.heights[1:-1, 1:-1] += uplift
        self.graph.update_routes(self.heights)
        self.graph.accumulate(self.area, 1.0)
        cut = self.rivers.erode(self.heights, self.area, self.dt)
        creep = self.creep.erode(self.heights - cut, self.dt)
        self.heights -= cut + creep

    def get(self, what):
        if what == "receivers":
            return self.routed.impl().receivers[:, 0].astype(float)
        if what == "area":
            return self.area
        return self.heights - self.given[what] if what in self.given else self.heights


class Landlab:
    def load(self, heights, cell, p):
        import landlab
        from landlab.components import FastscapeEroder, LinearDiffuser, PriorityFloodFlowRouter

        self.dt = p["dt"]
        self.grid = landlab.RasterModelGrid(heights.shape, xy_spacing=cell)
        self.grid.add_field("topographic__elevation", heights.ravel().copy(), at="node")
        self.router = PriorityFloodFlowRouter(self.grid, flow_metric="D8", suppress_out=True)
        self.rivers = FastscapeEroder(self.grid, K_sp=p["k"], m_sp=p["m"], n_sp=p["n"])
        self.creep = LinearDiffuser(self.grid, linear_diffusivity=p["d"])

    def step(self, uplift):
        self.grid.at_node["topographic__elevation"][self.grid.core_nodes] += uplift
        self.router.run_one_step()
        self.rivers.run_one_step(self.dt)
        self.creep.run_one_step(self.dt)

    def get(self, what):
        return self.grid.at_node["topographic__elevation"]


class Richdem:
    def load(self, heights, cell, p):
        import richdem

        self.lib, self.given = richdem, {}
        self.heights = richdem.rdarray(heights, no_data=-1e30, geotransform=[0, cell, 0, 0, 0, cell])

    def part(self, name):
        self.given[name] = self.lib.FillDepressions(self.heights, epsilon=name == "gradient")

    def get(self, what):
        return numpy.asarray(self.given[what])


def timed(work, *arguments):
    wall, cpu = time.perf_counter(), time.process_time()
    work(*arguments)
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def answer(peer, request):
    what = request["do"]
    if what == "load":
        shape = request["rows"], request["columns"]
        peer.load(numpy.fromfile(request["heights"]).reshape(shape), request["cell"], request)
        return {}
    if what == "part":
        return timed(peer.part, request["name"])
    if what == "step":
        return timed(peer.step, request["uplift"])
    if what == "round":
        heights = peer.get("heights")
        parts = 2.0 ** request["bits"]
        numpy.rint(heights * parts, out=heights)
        heights /= parts
        return {}
    if what == "save":
        numpy.ascontiguousarray(peer.get(request["what"]), dtype=float).tofile(request["to"])
        return {}
    raise ValueError(what)


def main():
    # Answers go where nothing else is printed.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    peer = {"fastscapelib": Fastscapelib, "landlab": Landlab, "richdem": Richdem}[NAME]()
    for line in sys.stdin:
        out.write(json.dumps(answer(peer, json.loads(line))) + "\n")
        out.flush()


main()
