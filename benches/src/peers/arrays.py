"""The peers TileDB and icechunk: a cube of bytes, changed by commits, read as it was after any of them.

Called with the peer's name and an empty folder. Standard input: one JSON object a line. Standard output:
one JSON object a line in answer.

  {"do": "create", "volume": PATH, "edge": N, "tile": T}   N**3 bytes, x fastest      {}
  {"do": "commit", "cells": [[x, y, z, value], ...]}       one version more           {"seconds": ...}
  {"do": "read", "version": K, "at": [x, y, z], "edge": E} as after K commits         {"seconds": ..., "crc": ...}
  {"do": "bytes"}                                          all files of the folder    {"bytes": ...}

Arrays are indexed [z, y, x]. Times are those of the work asked for, opening the array included, without
the talking.
"""
import json
import os
import sys
import time
import zlib

import numpy

NAME, FOLDER = sys.argv[1:3]


class TileDB:
    """Dense array; a commit is a fragment with a timestamp of its own, which is what its makers call time travel."""

    def create(self, volume, tile):
        import tiledb

        self.lib = tiledb
        self.uri = os.path.join(FOLDER, "array")
        domain = tiledb.Domain(
            *[
                tiledb.Dim(name=axis, domain=(0, size - 1), tile=tile, dtype=numpy.int32)
                for axis, size in zip("zyx", volume.shape)
            ]
        )
        attribute = tiledb.Attr(name="", dtype=numpy.uint8, filters=[tiledb.ZstdFilter()])
        tiledb.Array.create(self.uri, tiledb.ArraySchema(domain=domain, attrs=[attribute]))
        with tiledb.open(self.uri, "w", timestamp=1) as array:
            array[:] = volume
        self.version = 0
        # What a program would have in memory anyway, so that a commit need not read.
        self.newest = volume.copy()

    def commit(self, cells):
        self.version += 1
        for x, y, z, value in cells:
            self.newest[z, y, x] = value
        # A dense fragment is a box: the cells' own, with what else is in it.
        x, y, z, _ = cells.T
        where = tuple(slice(int(axis.min()), int(axis.max()) + 1) for axis in (z, y, x))
        block = numpy.ascontiguousarray(self.newest[where])
        with self.lib.open(self.uri, "w", timestamp=self.version + 1) as array:
            array[where] = block

    def read(self, version, where):
        with self.lib.open(self.uri, "r", timestamp=(0, version + 1)) as array:
            return array[where]


class Icechunk:
    """Zarr array in a repository of snapshots."""

    def create(self, volume, tile):
        import icechunk
        import zarr

        self.zarr = zarr
        storage = icechunk.local_filesystem_storage(os.path.join(FOLDER, "repository"))
        self.repository = icechunk.Repository.create(storage)
        session = self.repository.writable_session("main")
        array = zarr.create_array(
            session.store, name="cells", shape=volume.shape, chunks=(tile,) * 3, dtype="uint8", fill_value=0
        )
        array[:] = volume
        self.snapshots = [session.commit("create")]

    def commit(self, cells):
        session = self.repository.writable_session("main")
        array = self.zarr.open_array(session.store, path="cells")
        # Of equal cells the last one counts.
        x, y, z, value = numpy.array(list({tuple(cell[:3]): cell for cell in cells}.values())).T
        array.vindex[z, y, x] = value.astype(numpy.uint8)
        self.snapshots.append(session.commit("edit"))

    def read(self, version, where):
        session = self.repository.readonly_session(snapshot_id=self.snapshots[version])
        return self.zarr.open_array(session.store, path="cells", mode="r")[where]


def bytes_of(folder):
    return sum(
        os.path.getsize(os.path.join(path, name)) for path, _, names in os.walk(folder) for name in names
    )


def answer(peer, request):
    what = request["do"]
    if what == "create":
        edge = request["edge"]
        volume = numpy.fromfile(request["volume"], numpy.uint8).reshape(edge, edge, edge)
        peer.create(volume, request["tile"])
        return {}
    if what == "commit":
        cells = numpy.array(request["cells"])
        start = time.perf_counter()
        peer.commit(cells)
        return {"seconds": time.perf_counter() - start}
    if what == "read":
        x, y, z = request["at"]
        edge = request["edge"]
        where = (slice(z, z + edge), slice(y, y + edge), slice(x, x + edge))
        start = time.perf_counter()
        block = peer.read(request["version"], where)
        seconds = time.perf_counter() - start
        return {"seconds": seconds, "crc": zlib.crc32(numpy.ascontiguousarray(block).tobytes())}
    if what == "bytes":
        return {"bytes": bytes_of(FOLDER)}
    raise ValueError(what)


def main():
    # Answers go where nothing else is printed: icechunk warns about folders on standard output.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    peer = {"tiledb": TileDB, "icechunk": Icechunk}[NAME]()
    for line in sys.stdin:
        out.write(json.dumps(answer(peer, json.loads(line))) + "\n")
        out.flush()


main()
