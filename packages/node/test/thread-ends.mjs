/**
 * Closes a kit at work; ends one of two inference threads under another and tells how it fares then; ends the only one
 * under a third, tells how it and the next fare, and closes neither.
 */
import { syncBuiltinESMExports } from "node:module";
import threads from "node:worker_threads";

const started = [];
threads.Worker = class extends threads.Worker {
  waiting = 0;

  constructor(...args) {
    super(...args);
    started.push(this);
    this.on("message", () => this.waiting--);
  }

  postMessage(...args) {
    this.waiting++;
    super.postMessage(...args);
  }
};
syncBuiltinESMExports();
const { createFaceKit } = await import("@facekit/node");

const image = { data: new Uint8Array(64 * 64 * 3), width: 64, height: 64, channels: 3 };
const tell = (kit) =>
  kit.identify(image, { threshold: 0.9 }).then(
    () => console.log("fulfilled"),
    (error) => console.log(error.code),
  );

const busy = await createFaceKit();
const running = Promise.all([1, 2, 3].map(() => tell(busy)));
await new Promise((resolve) => setTimeout(resolve, 5));
await busy[Symbol.asyncDispose]();
await running;

const busyTwo = await createFaceKit({ session: { workers: 2 } });
const before = started.length;
// Ended between calls: within one, ONNX Runtime's native code would end the whole process.
while (started.length === before || started.at(-1).waiting > 0) {
  await Promise.all([1, 2, 3].map(() => busyTwo.identify(image, { threshold: 0.9 })));
}
await started.at(-1).terminate();
const answers = await Promise.all([1, 2, 3].map(() => busyTwo.identify(image, { threshold: 0.9 })));
console.log(answers.length === 3);
await tell(busyTwo);
await busyTwo[Symbol.asyncDispose]();

const kit = await createFaceKit({ session: { workers: 1 } });
await started.at(-1).terminate();
await tell(kit);
await tell(await createFaceKit());
