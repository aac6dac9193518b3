import {
  detectorConformance,
  embedderConformance,
  faceIndexConformance,
  faceRecordsConformance,
  memberSourceConformance,
  photoStoreConformance,
  vectorIndexConformance,
  vectorStoreConformance,
  visitLogConformance,
} from "@facekit/conformance";
import {
  createVectorStore,
  localFaceIndex,
  memoryFaceRecords,
  memoryMemberSource,
  memoryPhotoStore,
  memoryVisitLog,
} from "@facekit/core";
import { test } from "vitest";
import { toyDetector, toyEmbedder, toyIndex, toyPicture } from "./toys.js";

const memoryStore = () => createVectorStore({ records: memoryFaceRecords(), index: toyIndex() });

faceRecordsConformance({ test, create: memoryFaceRecords });
memberSourceConformance({ test, create: memoryMemberSource });
photoStoreConformance({ test, create: memoryPhotoStore });
visitLogConformance({ test, create: memoryVisitLog });
vectorIndexConformance({ test, create: () => toyIndex() });
vectorStoreConformance({ test, create: memoryStore });

detectorConformance({
  test,
  create: toyDetector,
  pictures: [
    { image: toyPicture([220, 60, 60]), faces: 1 },
    { image: toyPicture([90, 200, 60], [220, 60, 60], [60, 60, 200]), faces: 3 },
    { image: toyPicture(), faces: 0 },
  ],
});

const group = toyPicture([200, 60, 60], [60, 200, 60], [60, 60, 200]);
const faces = await toyDetector().detect(group);
embedderConformance({ test, create: toyEmbedder, faces: faces.map((face) => ({ image: group, face })) });

faceIndexConformance({
  test,
  create: () => localFaceIndex({ detector: toyDetector(), embedder: toyEmbedder(), store: memoryStore() }),
  people: [
    { id: "red", images: [toyPicture([220, 60, 60]), toyPicture([210, 65, 60])] },
    { id: "green", images: [toyPicture([60, 220, 60]), toyPicture([60, 210, 70])] },
    { id: "blue", images: [toyPicture([60, 60, 220]), toyPicture([70, 60, 220])] },
  ],
  stranger: toyPicture([220, 220, 20]),
});
