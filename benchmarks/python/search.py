"""faiss, exact: reads a gallery and queries from stdin, answers on stdout; one line or block for each.

stdin: a line of JSON {"count", "dimensions", "threads"}, then count x dimensions float32; then, for each search, a line
{"queries", "k"} and that many vectors. stdout: a line {"ready": true}, then for each search {"rows", "ms"}.
"""

import json
import sys
import time

import faiss
import numpy


def read_vectors(count, dimensions):
    size = count * dimensions * 4
    data = sys.stdin.buffer.read(size)
    if len(data) != size:
        sys.exit(0)
    return numpy.frombuffer(data, dtype=numpy.float32).reshape(count, dimensions)


def answer(line):
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


gallery = json.loads(sys.stdin.buffer.readline())
dimensions = gallery["dimensions"]
if gallery["threads"] > 0:
    faiss.omp_set_num_threads(gallery["threads"])
index = faiss.IndexFlatIP(dimensions)
index.add(read_vectors(gallery["count"], dimensions))
answer({"ready": True})

for line in sys.stdin.buffer:
    search = json.loads(line)
    queries = read_vectors(search["queries"], dimensions)
    started = time.perf_counter()
    _, rows = index.search(queries, search["k"])
    ms = (time.perf_counter() - started) * 1000
    answer({"rows": rows.tolist(), "ms": ms})
