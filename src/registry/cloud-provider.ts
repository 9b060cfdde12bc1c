import type { Credential } from './credential-source.ts';

/** A credential for some time. */
export interface CloudCredential {
  readonly credential: Credential;
  /** In the clock's ms. */
  readonly expires: number;
}

/** One cloud's registries. */
export interface CloudProvider {
  /** What credentials are kept under, equal for registries that share them; undefined for other clouds' registries. */
  key(registry: string): string | undefined;
  /**
   * Undefined where this machine was given nothing.
   * @throws Error whose message holds no secret
   */
  ask(registry: string): Promise<CloudCredential | undefined>;
}
