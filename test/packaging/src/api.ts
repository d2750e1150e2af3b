import { mkdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { publishedPackages, root, typedEntries, type WorkspacePackage } from './workspace.ts';

/** An entry of a package, whose types are its interface. */
export interface ApiEntry {
  readonly folder: string;
  /** The file of its types. */
  readonly types: string;
  /** `index`, `client`: what its report is called, in the package's folder `api`. */
  readonly name: string;
}

/** The entries of the packages that are published. */
export function apiEntries(packages: readonly WorkspacePackage[] = publishedPackages()): readonly ApiEntry[] {
  return packages.flatMap((each) =>
    typedEntries(each).map(({ types }) => ({ folder: each.folder, types: join(each.folder, types), name: basename(types, '.d.ts') })),
  );
}

/** Writes the report of an entry into a folder, as `<name>.api.md`; needs the build. */
export function writeApiReport({ folder, types, name }: ApiEntry, target: string): void {
  mkdirSync(target, { recursive: true });
  const none = { default: { logLevel: ExtractorLogLevel.None } };
  const compilerOptions = { module: 'nodenext', target: 'es2022', lib: ['es2023'], strict: true, types: ['node'], skipLibCheck: true };
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: types,
      compiler: {
        overrideTsconfig: { compilerOptions: { ...compilerOptions, typeRoots: [join(root, 'node_modules/@types')] }, files: [types] },
      },
      apiReport: {
        enabled: true,
        reportFileName: name,
        reportFolder: target,
        reportTempFolder: join(target, 'temporary'),
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        extractorMessageReporting: none,
        tsdocMessageReporting: none,
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
  });
  const problems: string[] = [];
  Extractor.invoke(config, {
    // Writes the report, rather than compares it.
    localBuild: true,
    messageCallback: (message) => {
      if (message.logLevel === ExtractorLogLevel.Error) problems.push(message.text);
      message.handled = true;
    },
  });
  rmSync(join(target, 'temporary'), { recursive: true, force: true });
  if (problems.length > 0) throw new Error(`${types}: ${problems.join('; ')}`);
}
