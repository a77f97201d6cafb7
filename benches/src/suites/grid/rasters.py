"""The peers numpy and zarr: a few rasters saved and loaded.

Called with the peer's name and a folder. Standard input: one JSON object a line. Standard output: one JSON object a line
in answer.

  {"do": "take", "name": NAME, "type": "<f8", "edge": N, "file": PATH}   N*N values as they are   {}
  {"do": "save"}    all rasters                                                       {"number": seconds}
  {"do": "load"}    all rasters, into memory                                          {"number": seconds}
  {"do": "sums"}    of what was loaded last                                           {"sums": {NAME: CRC-32}}
  {"do": "bytes"}   all files of the folder                                           {"number": bytes}
"""
import json
import os
import shutil
import sys
import time
import zlib

import numpy

NAME, FOLDER = sys.argv[1:3]
ARRAYS = {}
LOADED = {}


class Numpy:
    """Each array as a file; synced and renamed, so that a crash leaves the old one."""

    def save(self):
        os.makedirs(FOLDER, exist_ok=True)
        for name, array in ARRAYS.items():
            path = os.path.join(FOLDER, name + ".npy")
            with open(path + ".part", "wb") as out:
                numpy.save(out, array)
                out.flush()
                os.fsync(out.fileno())
            os.rename(path + ".part", path)
        folder = os.open(FOLDER, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def load(self):
        return {name: numpy.load(os.path.join(FOLDER, name + ".npy")) for name in ARRAYS}


class Zarr:
    """A group of arrays, compressed as its makers think best."""

    def save(self):
        import zarr

        shutil.rmtree(FOLDER, ignore_errors=True)
        group = zarr.open_group(FOLDER, mode="w")
        for name, array in ARRAYS.items():
            made = group.create_array(name, shape=array.shape, chunks=(512, 512), dtype=array.dtype)
            made[:] = array

    def load(self):
        import zarr

        group = zarr.open_group(FOLDER, mode="r")
        return {name: group[name][:] for name in ARRAYS}


def timed(call):
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def answer(peer, request):
    what = request["do"]
    if what == "take":
        edge = request["edge"]
        ARRAYS[request["name"]] = numpy.fromfile(request["file"], request["type"]).reshape(edge, edge)
        return {}
    if what == "save":
        return {"number": timed(peer.save)[0]}
    if what == "load":
        LOADED.clear()
        seconds, loaded = timed(peer.load)
        LOADED.update(loaded)
        return {"number": seconds}
    if what == "sums":
        return {"sums": {name: zlib.crc32(array.tobytes()) for name, array in LOADED.items()}}
    if what == "bytes":
        files = [os.path.join(path, name) for path, _, names in os.walk(FOLDER) for name in names]
        return {"number": sum(os.path.getsize(file) for file in files)}
    raise ValueError(what)


def main():
    # Answers go where nothing else is printed.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    peer = {"numpy": Numpy, "zarr": Zarr}[NAME]()
    for line in sys.stdin:
        out.write(json.dumps(answer(peer, json.loads(line))) + "\n")
        out.flush()


main()
