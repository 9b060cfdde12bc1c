import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Environment } from './cloud-request.ts';

/** Keys that sign requests to Amazon's services. */
export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What a profile of Amazon's shared files says. */
export interface AwsProfile {
  readonly keys?: AwsKeys;
  readonly region?: string;
}

/**
 * The profile `AWS_PROFILE` (`default`) of `AWS_SHARED_CREDENTIALS_FILE` (~/.aws/credentials) and `AWS_CONFIG_FILE`
 * (~/.aws/config); empty without the files.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
export async function awsProfile(env: Environment): Promise<AwsProfile> {
  const directory = join(env.HOME || '/root', '.aws');
  const profile = env.AWS_PROFILE || 'default';
  const read = async (path: string, sections: readonly string[]): Promise<Record<string, unknown>> => {
    const text = await readFile(path, 'utf8').catch(() => '');
    if (text === '') return {};
    const { parse } = await import('ini');
    const all = parse(text) as Record<string, Record<string, unknown> | undefined>;
    return Object.assign({}, ...sections.map((section) => all[section] ?? {}));
  };
  const credentials = await read(env.AWS_SHARED_CREDENTIALS_FILE || join(directory, 'credentials'), [profile]);
  const config = await read(env.AWS_CONFIG_FILE || join(directory, 'config'), [
    `profile ${profile}`,
    ...(profile === 'default' ? ['default'] : []),
  ]);
  const found = { ...config, ...credentials };
  const text = (name: string): string => (typeof found[name] === 'string' ? found[name] : '');
  const [accessKeyId, secretAccessKey] = [text('aws_access_key_id'), text('aws_secret_access_key')];
  const sessionToken = text('aws_session_token');
  const region = text('region');
  return {
    ...(accessKeyId && secretAccessKey
      ? { keys: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } }
      : {}),
    ...(region ? { region } : {}),
  };
}
