/** NOTICE.md, which travels with the converted models: whose they are, what is known of their training, the licences. */

import { readFileSync } from "node:fs";

export function notice(packageLicense: string): string {
  const apache = readFileSync(new URL("licenses/Apache-2.0.txt", import.meta.url), "utf8");
  return `# Notices for the bundled models

Converted to ONNX, without retraining, from the npm packages @vladmandic/human 3.3.6 and @vladmandic/face-api 1.7.15,
which are published under the MIT licence below. That is the licence of those who packaged the weights; where a net's
own authors said more, it is noted here.

## blazeface-back.onnx

BlazeFace, the "back" (rear camera) face detector of Google MediaPipe, published by Google under the Apache License 2.0.
Its training data were not published. Taken from @vladmandic/human (models/blazeface), changed only in file format.

## ssd-mobilenetv1-face.onnx

SSD MobileNet v1 face detector, trained by yeephycho with the TensorFlow object detection API on the WIDER FACE data set
(https://github.com/yeephycho/tensorflow-face-detection), published under the Apache License 2.0; its author refers to
WIDER FACE's own terms for the data. Quantised to 8 bits by face-api.js (Vincent Mühler). Taken from
@vladmandic/face-api (model/ssd_mobilenetv1_model), changed only in file format.

## landmarks-68.onnx

68 point face landmark net, designed and trained by Vincent Mühler, author of face-api.js, on about 35,000 labelled face
images that were not published. MIT. Quantised to 8 bits by its author. Taken from @vladmandic/face-api
(model/face_landmark_68_model), changed only in file format.

## face-recognition-dlib.onnx

dlib_face_recognition_resnet_model_v1 by Davis King (https://github.com/davisking/dlib-models), which he released into
the public domain (CC0). Trained on about 3 million faces of 7485 people: FaceScrub, the VGG face data set, and images
collected from the web. Quantised to 8 bits by face-api.js (Vincent Mühler). Taken from @vladmandic/face-api
(model/face_recognition_model), changed only in file format.

## MIT licence of @vladmandic/human and @vladmandic/face-api

\`\`\`text
${packageLicense.trim()}
\`\`\`

face-api is derived from face-api.js, Copyright (c) 2018 Vincent Mühler, published under the same terms.

## Apache License 2.0

\`\`\`text
${apache.trim()}
\`\`\`
`;
}
