import type { Command, Option } from 'commander';
import { createProgram } from '../../src/cli/program.ts';

const FOOT = `
## Exit codes

0 built; 1 the build failed; 2 wrong usage; a failing RUN's own code; 128 + n when signal n ended varve.

## Environment

| variable | for |
|---|---|
| \`VARVE_STORE\`, \`XDG_CACHE_HOME\` | where the store is |
| \`VARVE_CONFIG\` | a configuration file to use in place of the user's and the project's; empty for none ([configuration](config.md)) |
| \`OTEL_EXPORTER_OTLP_ENDPOINT\` and others | where traces go ([tracing](tracing.md)) |
| \`DOCKER_CONFIG\` | the directory of config.json with registry credentials; else \`~/.docker\` |

## \`--progress json\`

One JSON object a line on standard error, each with \`type\` and \`time\` (RFC 3339): \`step-start\` (\`id\`, \`title\`,
\`stage\`), \`step-log\` (\`id\`, \`stream\`, \`data\`), \`step-end\` (\`id\`, \`status\`: hit, done or failed, \`durationMs\`,
\`detail\`; for a layer that was made \`frames\`: how many were \`compressed\` or \`reused\`, and the \`bytes\` that were compressed),
\`context-read\` (\`context\`, what was \`listed\`, \`stats\`, files \`opened\`, \`hashedBytes\`), \`message\` (\`level\`, \`text\`).
`;

/** The command line as Markdown: every command with its arguments and flags, from the definitions that parse them. */
export async function cliReference(): Promise<string> {
  const program = await createProgram(new AbortController().signal);
  const commands = program.commands.flatMap((command) => referencesOf('varve', command));
  return `# Command line\n\nMade by \`node scripts/cli-reference.ts\`; a test compares it with the code.\n\n${commands.join('\n')}${FOOT}`;
}

/** A command, or those below it. */
function referencesOf(parent: string, command: Command): string[] {
  const name = `${parent} ${command.name()}`;
  if (command.commands.length === 0) return [commandReference(name, command)];
  return command.commands.flatMap((child) => referencesOf(name, child));
}

function commandReference(name: string, command: Command): string {
  const words = command.registeredArguments.map((argument) => `<${argument.name()}>`).join(' ');
  const rows = command.options.filter(({ hidden }) => !hidden).map(optionRow);
  const head = `## ${[name, words].filter(Boolean).join(' ')}\n\n${command.description()}.\n`;
  if (rows.length === 0) return head;
  return `${head}\n| flag | meaning |\n|---|---|\n${rows.join('\n')}\n`;
}

function optionRow({ flags, description, argChoices, defaultValue, envVar }: Option): string {
  const notes = [
    argChoices ? `one of ${argChoices.join(', ')}` : '',
    typeof defaultValue === 'string' ? `default ${defaultValue}` : '',
    envVar === undefined ? '' : `or $${envVar}`,
  ].filter(Boolean);
  const meaning = `${description}${notes.length ? ` (${notes.join('; ')})` : ''}`;
  return `| \`${flags}\` | ${meaning.replaceAll('|', '\\|')} |`;
}
