// A separate bundle file, loaded on first use: only signed-in callers need it.
export { errors, importJWK, jwtVerify } from 'jose';
