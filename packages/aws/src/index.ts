export {
  type AwsCall,
  type AwsCallOptions,
  type AwsClient,
  type AwsClientConfiguration,
  type AwsConnectionOptions,
  type AwsCredentials,
  type AwsService,
  type AwsServiceDefinition,
  awsOptionNames,
  awsService,
} from "./aws-service.js";
export { type AwsFailure, withoutBodies } from "./failures.js";
