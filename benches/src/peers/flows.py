"""The peers of heat and water: numpy by whole arrays, and landlab's OverlandFlow.

Standard input: one JSON object a line. Standard output: one JSON object a line in answer. Rasters are files of
64-bit floats, row by row from the south. Times are those of the work asked for, without the talking.

  {"do": "heat", "values": PATH, "width": W, "diffusivity": PATH or null, "alpha": A, "step": DT, "steps": N}
        explicit, in fluxes, closed edges, cells of 1 m; the values afterwards go to PATH    {"seconds": ...}
  {"do": "water", "bed": PATH, "depth": PATH, "width": W, "cell": M, "manning": n, "seconds": T}
        closed edges; the depths afterwards go to the PATH of depths        {"seconds": ..., "steps": ...}
"""
import json
import sys
import time

import numpy


def heat(width, values, diffusivity, alpha, step, steps):
    path = values
    now = numpy.fromfile(path).reshape(-1, width)
    if diffusivity is None:
        east = north = alpha
    else:
        k = numpy.fromfile(diffusivity).reshape(-1, width)
        east = 2 * k[:, 1:] * k[:, :-1] / (k[:, 1:] + k[:, :-1])
        north = 2 * k[1:] * k[:-1] / (k[1:] + k[:-1])
    start = time.perf_counter()
    for _ in range(steps):
        x = numpy.diff(now, axis=1)
        x *= step * east
        y = numpy.diff(now, axis=0)
        y *= step * north
        now[:, :-1] += x
        now[:, 1:] -= x
        now[:-1] += y
        now[1:] -= y
    seconds = time.perf_counter() - start
    now.tofile(path)
    return {"seconds": seconds}


def water(width, bed, depth, cell, manning, seconds):
    from landlab import RasterModelGrid
    from landlab.components import OverlandFlow

    path = depth
    ground = numpy.fromfile(bed).reshape(-1, width)
    water = numpy.fromfile(path).reshape(-1, width)
    # landlab's outermost nodes are the edges: one more on each side, closed.
    grid = RasterModelGrid((ground.shape[0] + 2, width + 2), xy_spacing=cell)
    grid.set_closed_boundaries_at_grid_edges(True, True, True, True)
    grid.add_field("topographic__elevation", numpy.pad(ground, 1, mode="edge").ravel(), at="node")
    grid.add_field("surface_water__depth", numpy.pad(water, 1).ravel(), at="node")
    flow = OverlandFlow(grid, mannings_n=manning, steep_slopes=False)
    start = time.perf_counter()
    done, steps = 0.0, 0
    while done < seconds:
        step = min(flow.calc_time_step(), seconds - done)
        flow.overland_flow(dt=step)
        done += step
        steps += 1
    took = time.perf_counter() - start
    inner = grid.at_node["surface_water__depth"].reshape(-1, width + 2)[1:-1, 1:-1]
    numpy.ascontiguousarray(inner).tofile(path)
    return {"seconds": took, "steps": steps}


for line in sys.stdin:
    request = json.loads(line)
    answer = {"heat": heat, "water": water}[request.pop("do")](**request)
    print(json.dumps(answer), flush=True)
