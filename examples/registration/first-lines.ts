import { createFaceKit } from "@facekit/node";

await using faces = await createFaceKit({ store: "members.db" });
await faces.register("ada", ["ada-front.jpg", "ada-left.jpg"]);

const who = await faces.identify("door.jpg"); // who.decision.reason tells why not, otherwise
const same = await faces.verify("ada", "badge.jpg"); // 1:1
const { present, strangers } = await faces.takeAttendance(["class.jpg"], { session: "monday" });
console.log(who.best?.memberId, same.matched, present, strangers);
