export { type DynamodbMembersOptions, dynamodbMembers } from "./dynamodb-members.js";
export { type S3PhotosOptions, s3Photos } from "./s3-photos.js";
