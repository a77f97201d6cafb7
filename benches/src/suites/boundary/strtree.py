# shapely's STRtree: one request a line, as JSON; the boxes it speaks of follow as little-endian doubles.
import json
import sys
import time

import numpy
import shapely

stdin = sys.stdin.buffer
tree = None
windows = None


def boxes(count):
    sides = numpy.frombuffer(stdin.read(count * 32), dtype="<f8").reshape(count, 4)
    return shapely.box(sides[:, 0], sides[:, 1], sides[:, 2], sides[:, 3])


while line := stdin.readline():
    request = json.loads(line)
    given = boxes(request["boxes"])
    if request["do"] == "build":
        start = time.perf_counter()
        tree = shapely.STRtree(given)
        # It is built when it is first asked.
        tree.query(given[0])
        answer = {"seconds": time.perf_counter() - start}
    elif request["do"] == "windows":
        windows = given
        found = tree.query(windows)[1]
        answer = {"count": len(found), "sum": int(found.sum())}
    else:
        start = time.perf_counter()
        tree.query(windows)
        answer = {"nanoseconds": (time.perf_counter() - start) * 1e9 / len(windows)}
    print(json.dumps(answer), flush=True)
