import { availableParallelism } from 'node:os';

/** What all projects have in common. */
const common = {
  testEnvironment: 'node',
  // made at run time; a package in there has the name of this one
  modulePathIgnorePatterns: ['<rootDir>/.local/'],
  transform: {
    '^.+\\.tsx?$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }],
    // has ES modules only
    '/node_modules/jose/.+\\.js$': ['@swc/jest', { jsc: { target: 'es2022' } }],
  },
  transformIgnorePatterns: ['/node_modules/(?!jose/)'],
};

const ofInfra = '<rootDir>/test/infra/**/*.test.ts';
/** These start no process, no server but their own, and no built app. */
const ofUnits = [
  '<rootDir>/test/{base,http,runs}/**/*.test.ts',
  '<rootDir>/test/auth/{callLimit,issuerKeys,person,randomTokens,signedInPerson}.test.ts',
  '<rootDir>/test/identity/{connections,functionUrlActions,credentials,retries}.test.ts',
  '<rootDir>/test/workflow/{engine,runSchedule,deeperChecks}.test.ts',
  '<rootDir>/test/local/{arguments,coreTools,localSettings,startedParts}.test.ts',
  '<rootDir>/emulator/test/{badInput,deniedReasons,faults,headers,recordedPairs,signature}.test.ts',
  '<rootDir>/test/cli/runPrinter.test.ts',
  '<rootDir>/test/architecture.test.ts',
];

/** @type {import('jest').Config} */
export default {
  // npm test -- --selectProjects unit
  projects: [
    { ...common, displayName: 'unit', testMatch: ofUnits },
    {
      ...common,
      displayName: 'integration',
      testMatch: [
        '<rootDir>/{test,emulator/test}/**/*.test.ts',
        ...[...ofUnits, ofInfra].map((pattern) => pattern.replace('<rootDir>', '!**')),
      ],
    },
    { ...common, displayName: 'infra', testMatch: [ofInfra], globalSetup: '<rootDir>/test/infra/globalSetup.ts' },
  ],
  // builds what integration tests run
  globalSetup: '<rootDir>/test/globalSetup.mjs',
  testTimeout: 30_000,
  testSequencer: '<rootDir>/test/longestFirst.mjs',
  // Two more files at a time than there are CPUs, because tests also wait: for timers, and for processes that they start. Tests that need a port to stay free
  // take one of test/fixedPort.ts.
  maxWorkers: availableParallelism() + 2,
};
