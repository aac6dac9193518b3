"""What OpenCV's FaceDetectorYN finds on the photos of a folder, from the very pixels that our YuNet sees.

    python accuracy/opencv-yunet.py ../../shared/faces/groups ../../shared/models/yunet_2023mar_640.onnx

Wants opencv-python-headless, and `npm run setup` done. Writes results/opencv-yunet.json: of each photo the size, and for
each look, by its longest side in pixels, the size and the faces: x, y, width, height, the five landmarks and the score.
Prints how far the net's answer moves when the photo is shrunk, which is no disagreement of ours.
"""

import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy

MIN_SCORE = 0.6
MAX_OVERLAP = 0.3
MOST_BOXES = 5000
# What we shrink, and OpenCV can still search whole.
SHRUNK = range(641, 1001)

here = Path(__file__).resolve().parent


def faces_in(model: Path, folder: Path, look: dict) -> list[list[float]]:
    shape = (look["height"], look["width"], look["channels"])
    pixels = numpy.fromfile(folder / look["file"], numpy.uint8).reshape(shape)
    bgr = numpy.ascontiguousarray(pixels[:, :, 2::-1])
    size = (look["width"], look["height"])
    detector = cv2.FaceDetectorYN.create(str(model), "", size, MIN_SCORE, MAX_OVERLAP, MOST_BOXES)
    _, faces = detector.detect(bgr)
    return [] if faces is None else [[round(float(value), 4) for value in face] for face in faces]


def corners(face: list[float], scale: tuple[float, float]) -> list[float]:
    x, y, width, height = face[:4]
    numbers = [x, y, x + width, y + height, *face[4:14]]
    return [number * scale[i % 2] for i, number in enumerate(numbers)]


def moved(shrunk: list[list[float]], scale: tuple[float, float], whole: list[list[float]]) -> list[list[float]]:
    """Of each face of the shrunk photo, how far its box's sides and landmarks lie from those in the whole photo."""
    there = [corners(face, (1, 1)) for face in whole]
    distances = []
    for here in (corners(face, scale) for face in shrunk):
        apart = [[abs(a - b) for a, b in zip(here, other, strict=True)] for other in there]
        nearest = min(apart, key=sum, default=[])
        # Further than this is another face.
        if nearest and max(nearest) < 15:
            distances.append(nearest)
    return distances


def measure(photos: Path, model: Path, folder: Path) -> dict:
    subprocess.run(["npx", "tsx", "accuracy/yunet-looks.ts", photos, folder], cwd=here.parent, check=True)
    measured = {}
    distances = []
    for entry in json.loads((folder / "index.json").read_text()):
        whole = entry["whole"]
        looks = {
            side: {"width": look["width"], "height": look["height"], "faces": faces_in(model, folder, look)}
            for side, look in entry["looks"].items()
        }
        measured[entry["photo"]] = {"whole": {"width": whole["width"], "height": whole["height"]}, "looks": looks}
        if max(whole["width"], whole["height"]) in SHRUNK:
            group = looks["640"]
            scale = (whole["width"] / group["width"], whole["height"] / group["height"])
            distances += moved(group["faces"], scale, faces_in(model, folder, whole))
    every = [distance for face in distances for distance in face]
    print(f"whole against 640: {len(distances)} faces, median {statistics.median(every):.2f} pixels, most {max(every):.2f}")
    return measured


def main() -> None:
    photos, model = (Path(argument).resolve() for argument in sys.argv[1:3])
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(photos, model, Path(folder))
    result = {
        "madeBy": "benchmarks/accuracy/opencv-yunet.py",
        "opencv": cv2.__version__,
        "modelSha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "minScore": MIN_SCORE,
        "maxOverlap": MAX_OVERLAP,
        "photos": measured,
    }
    (here.parent / "results" / "opencv-yunet.json").write_text(json.dumps(result) + "\n")


main()
