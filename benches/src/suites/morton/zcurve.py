"""The peer zCurve: BIGMIN and LITMAX on the codes it is given, timed round by round.

Standard input: one line of JSON {"bigmin": true, "calls": [[code, lo, hi], ...]}, then an empty
line for each round. Standard output: one line with all answers, then one line for each round with
the nanoseconds of processor time a call took.
"""
import json
import sys
import time

import zCurve

work = json.loads(sys.stdin.readline())
search = zCurve.next_morton if work["bigmin"] else zCurve.prev_morton
calls = work["calls"]
print(json.dumps([search(code, lo, hi, dims=3) for code, lo, hi in calls]), flush=True)
for _ in sys.stdin:
    start = time.thread_time_ns()
    for code, lo, hi in calls:
        search(code, lo, hi, dims=3)
    print((time.thread_time_ns() - start) / len(calls), flush=True)
