export type { FaultyServerConformanceOptions, OpenAt } from "./behind-faults.js";
export {
  type Damage,
  type Damaged,
  type DamagedFilesConformanceOptions,
  type DamageOptions,
  damagedFilesConformance,
  damageFiles,
  type OpenIn,
} from "./damaged-files.js";
export {
  type ConnectionFaults,
  type FaultyConnection,
  type FaultyConnectionOptions,
  faultyConnection,
} from "./faulty-connection.js";
export { faultyMemberSourceConformance } from "./faulty-member-source.js";
export { faultyServerConformance } from "./faulty-server.js";
export { faultyVectorStoreConformance } from "./faulty-vector-store.js";
export { faultyVisitLogConformance } from "./faulty-visit-log.js";
