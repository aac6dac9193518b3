export { type CloudinaryFaceRecordsOptions, cloudinaryFaceRecords } from "./face-records.js";
