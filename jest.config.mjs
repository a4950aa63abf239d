/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  // made at run time; a package in there has the name of this one
  modulePathIgnorePatterns: ['<rootDir>/.local/'],
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '^.+\\.tsx?$': ['@swc/jest', { jsc: { target: 'es2022', parser: { syntax: 'typescript' } } }] },
  globalSetup: '<rootDir>/test/globalSetup.mjs',
  testTimeout: 30_000,
  // most of them wait for processes that they started: Jest's own choice, one less than there are CPUs, takes nearly twice as long on two
  maxWorkers: 2,
};
