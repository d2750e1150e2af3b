/** Flyte's own code as a client of our agents. */
export { acceptanceCases, type AcceptanceOptions, type AcceptanceSubject } from './accept.ts';
export { buildPropellerDrive, drive, type DriveOptions } from './propeller.ts';
export type {
  AttemptReport,
  DriveReport,
  ExecutionReport,
  RecordedCall,
  RecordedResource,
  RecordedResponse,
  Transition,
} from './report.ts';
