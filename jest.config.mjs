/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  // made at run time; a package in there has the name of this one
  modulePathIgnorePatterns: ['<rootDir>/.local/'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '^.+\\.tsx?$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  globalSetup: '<rootDir>/test/globalSetup.mjs',
  testTimeout: 30_000,
  // As many files at a time as there are CPUs. Tests that need a port to stay free take one of test/fixedPort.ts.
  maxWorkers: '100%',
};
