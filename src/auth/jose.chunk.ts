// A separate bundle file, loaded on first use: only signed-in callers need it.
export { createLocalJWKSet, errors, jwtVerify } from 'jose';
