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
export { type FaultyServerConformanceOptions, faultyServerConformance, type OpenAt } from "./faulty-server.js";
