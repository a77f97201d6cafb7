"""The peers roaring-landmask and shapely: points against polygons.

Standard input: one JSON object a line. Standard output: one JSON object a line in answer. Files are raw arrays,
little endian: points as x, y pairs of f64, answers as one byte each.

  {"do": "land"}                      loads the land of the world         {"seconds": ...}
  {"do": "ring", "file": PATH}        prepares a polygon of this ring     {"seconds": ...}
  {"do": "points", "file": PATH}      the points to ask                   {}
  {"do": "answers", "file": PATH}     asks them and writes the answers    {}
  {"do": "time", "threads": N}        asks them                           {"seconds": ...}

One thread is timed by its processor time, more of them by the clock on the wall.
"""
import json
import sys
import time

import numpy


class Land:
    def __init__(self):
        import roaring_landmask as lib

        self.lib = lib
        self.mask = lib.RoaringLandmask.new_with_provider(lib.LandmaskProvider.Gshhg)
        # A first answer, as whoever opens something wants one.
        self.mask.contains(10.0, 50.0)

    def ask(self, x, y, threads):
        return (self.mask.contains_many if threads == 1 else self.mask.contains_many_par)(x, y)


class Ring:
    def __init__(self, coords):
        import shapely

        self.lib = shapely
        self.polygon = shapely.Polygon(coords)
        shapely.prepare(self.polygon)
        shapely.contains_xy(self.polygon, coords[:1, 0], coords[:1, 1])

    def ask(self, x, y, threads):
        return self.lib.contains_xy(self.polygon, x, y)


def main():
    asked = x = y = None
    for line in sys.stdin:
        request = json.loads(line)
        what, answer = request["do"], {}
        if what in ("land", "ring"):
            coords = numpy.fromfile(request["file"], "<f8").reshape(-1, 2) if what == "ring" else None
            start = time.perf_counter()
            asked = Land() if what == "land" else Ring(coords)
            answer = {"seconds": time.perf_counter() - start}
        elif what == "points":
            x, y = (numpy.ascontiguousarray(axis) for axis in numpy.fromfile(request["file"], "<f8").reshape(-1, 2).T)
        elif what == "answers":
            numpy.asarray(asked.ask(x, y, 1), numpy.uint8).tofile(request["file"])
        elif what == "time":
            threads = request["threads"]
            clock = time.thread_time if threads == 1 else time.perf_counter
            start = clock()
            asked.ask(x, y, threads)
            answer = {"seconds": clock() - start}
        else:
            raise ValueError(what)
        print(json.dumps(answer), flush=True)


main()
