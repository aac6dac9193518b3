"""Photos to members by Python peers, one photo at a time, decoding included.

stdin: {"peer", "threads", "models": {card: path}, "gallery": [{"memberId", "photo"}], "sets": [{"name", "kind",
"photos"}], "msPerSet"}. The last line of stdout is what benchmarks/pipeline/measure.ts calls `Measured`.
"""

import json
import os
import sys
import time

task = json.load(sys.stdin)
threads = task["threads"]
if threads > 0:
    # Before numpy and its relatives are imported.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = str(threads)

import numpy  # noqa: E402

WARM_UPS = 4
LEAST_PASSES = 3


def nearest(gallery, vector):
    """The highest cosine with any template."""
    return float((gallery @ vector).max()) if len(gallery) > 0 else -1.0


def unit(vector):
    return vector / numpy.linalg.norm(vector)


class YunetPeer:
    """OpenCV decodes and detects, on the file of opencv_zoo: it cannot read the other, of any size and equal weights.

    Photos are shrunk to the size at which Facekit looks for the same kind of photo.
    """

    longest = {"portrait": 320, "group": 640}

    def __init__(self, models):
        import cv2

        self.cv2 = cv2
        if threads > 0:
            cv2.setNumThreads(threads)
        self.threads = cv2.getNumThreads()
        self.detector = cv2.FaceDetectorYN.create(models["yunet-640"], "", (320, 320), 0.6, 0.3)
        self.size = None

    def decode(self, photo):
        return self.cv2.imdecode(photo, self.cv2.IMREAD_COLOR)

    def faces(self, image, kind):
        height, width = image.shape[:2]
        scale = min(1.0, self.longest[kind] / max(height, width))
        size = (round(width * scale), round(height * scale))
        small = image if scale == 1.0 else self.cv2.resize(image, size, interpolation=self.cv2.INTER_AREA)
        if size != self.size:
            self.detector.setInputSize(size)
            self.size = size
        _, found = self.detector.detect(small)
        if found is None:
            return []
        if kind == "portrait":
            found = [max(found, key=lambda face: face[2] * face[3])]
        return [face[4:14].reshape(5, 2) / scale for face in found]


class OpenCvPeer(YunetPeer):
    """The embedder too by OpenCV's own net runner."""

    threshold = 0.27
    template = 128 * numpy.array(
        [
            [0.31556875, 0.4615741],
            [0.68262292, 0.4615741],
            [0.5002625, 0.64053541],
            [0.34947187, 0.82469196],
            [0.65343645, 0.82469196],
        ]
    )

    def __init__(self, models):
        super().__init__(models)
        self.net = self.cv2.dnn.readNetFromONNX(models["retail-0095"])

    def describe(self, photo, kind):
        image = self.decode(photo)
        chips = []
        for points in self.faces(image, kind):
            transform, _ = self.cv2.estimateAffinePartial2D(points, self.template, method=self.cv2.LMEDS)
            chips.append(self.cv2.warpAffine(image, transform, (128, 128)))
        if not chips:
            return []
        self.net.setInput(self.cv2.dnn.blobFromImages(chips))
        return [unit(vector.ravel()) for vector in self.net.forward()]


class InsightfacePeer(YunetPeer):
    """insightface's alignment and blob, on the same weights in ONNX Runtime."""

    threshold = 0.26

    def __init__(self, models):
        super().__init__(models)
        import onnxruntime
        from insightface.utils import face_align

        self.norm_crop = face_align.norm_crop
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if threads > 0:
            options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            models["mobilefacenet-foamliu"], options, providers=["CPUExecutionProvider"]
        )
        self.input = self.session.get_inputs()[0].name
        # Of ImageNet, per channel, as the weights want.
        self.mean = numpy.array([0.485, 0.456, 0.406], numpy.float32).reshape(1, 3, 1, 1) * 255
        self.std = numpy.array([0.229, 0.224, 0.225], numpy.float32).reshape(1, 3, 1, 1) * 255

    def describe(self, photo, kind):
        image = self.decode(photo)
        vectors = []
        for points in self.faces(image, kind):
            chip = self.norm_crop(image, points, image_size=112)
            blob = (self.cv2.dnn.blobFromImage(chip, 1.0, (112, 112), swapRB=True) - self.mean) / self.std
            vectors.append(unit(self.session.run(None, {self.input: blob})[0].ravel()))
        return vectors


class FaceRecognitionPeer:
    """face_recognition as its examples use it: dlib's HOG detector, 5 landmarks, dlib's ResNet."""

    # Of its own compare_faces, a Euclidean distance.
    tolerance = 0.6
    threads = 1

    def __init__(self, _models):
        import warnings

        warnings.simplefilter("ignore")
        import face_recognition

        self.library = face_recognition

    def describe(self, photo, kind):
        import io

        image = self.library.load_image_file(io.BytesIO(photo.tobytes()))
        boxes = self.library.face_locations(image)
        if kind == "portrait" and boxes:
            boxes = [max(boxes, key=lambda box: (box[2] - box[0]) * (box[1] - box[3]))]
        return self.library.face_encodings(image, boxes, model="small")


def is_member(peer, gallery, vector):
    if isinstance(peer, FaceRecognitionPeer):
        return len(gallery) > 0 and numpy.linalg.norm(gallery - vector, axis=1).min() <= peer.tolerance
    return nearest(gallery, vector) >= peer.threshold


def measure(peer, gallery, photos, kind, ms_per_set):
    passes = []
    counts = {"faces": 0, "members": 0}
    began = time.perf_counter()
    for photo in photos[:WARM_UPS]:
        if (time.perf_counter() - began) * 1000 < ms_per_set:
            peer.describe(photo, kind)
    while len(passes) < LEAST_PASSES or sum(passes) * len(photos) < ms_per_set:
        started = time.perf_counter()
        for photo in photos:
            members = [is_member(peer, gallery, vector) for vector in peer.describe(photo, kind)]
            if not passes:
                counts["faces"] += len(members)
                counts["members"] += int(sum(members))
        passes.append((time.perf_counter() - started) * 1000 / len(photos))
    return {**counts, "msPerPhoto": passes}


def read(path):
    return numpy.fromfile(path, dtype=numpy.uint8)


peers = {"opencv": OpenCvPeer, "insightface": InsightfacePeer, "face_recognition": FaceRecognitionPeer}
chosen = peers[task["peer"]](task["models"])
templates = []
for member in task["gallery"]:
    templates += chosen.describe(read(member["photo"]), "portrait")
known = numpy.array(templates)
sets = []
for each in task["sets"]:
    loaded = [read(path) for path in each["photos"]]
    figures = measure(chosen, known, loaded, each["kind"], task["msPerSet"])
    sets.append({"name": each["name"], "photos": len(loaded), **figures})
print(json.dumps({"threads": chosen.threads, "sets": sets}))
