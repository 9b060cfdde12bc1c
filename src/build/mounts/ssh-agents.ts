import { statSync } from 'node:fs';
import { VarveError } from '../../errors.ts';
import { agentAt, forwardAgent, type SshSocket } from './ssh-forward.ts';
import { startKeyAgent } from './ssh-keys.ts';

/** The agents that a build was given. */
export interface SshAgents {
  /**
   * A socket of the agent called `id` itself, for programs of varve's own; undefined when none was given.
   * @param directory where the socket of an agent with the given keys will be
   * @throws VarveError `SSH_KEY`, `SSH_TOOL`
   */
  open(id: string, directory: string): Promise<SshSocket | undefined>;
  /** A socket in `directory` that leads to the agent, for a RUN: it lets nothing but the use of keys pass. */
  forward(id: string, directory: string): Promise<SshSocket | undefined>;
}

/** @param given for each id the path of a socket, or of private keys */
export function createSshAgents(
  given: ReadonlyMap<string, readonly string[]>,
  program: (name: string) => string | undefined,
): SshAgents {
  const open: SshAgents['open'] = async (id, directory) => {
    const paths = given.get(id);
    if (!paths) return undefined;
    const sockets = paths.filter(isSocket);
    if (sockets.length === 1 && paths.length === 1) return { path: sockets[0]!, close: async () => {} };
    if (sockets.length > 0)
      throw new VarveError('SSH_KEY', `--ssh ${id}: a socket cannot be together with keys or another socket`);
    const agent = await startKeyAgent(paths, directory, program);
    return { path: agent.socket, close: agent.close };
  };
  return {
    open,
    async forward(id, directory) {
      const agent = await open(id, directory);
      if (!agent) return undefined;
      const socket = await forwardAgent(directory, agentAt(agent.path));
      return {
        path: socket.path,
        async close() {
          await socket.close();
          await agent.close();
        },
      };
    },
  };
}

function isSocket(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) throw new VarveError('SSH_KEY', `--ssh: ${path} does not exist`);
  return stat.isSocket();
}
