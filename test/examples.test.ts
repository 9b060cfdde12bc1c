import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { Command } from 'commander';
import { parseAllDocuments } from 'yaml';
import * as z from 'zod';
import { addBuildFlags } from '../src/cli/build-flags.ts';
import { EXECUTOR_ROWS } from '../src/cli/executor/executor-rows.ts';
import { parseFlags } from '../src/cli/executor/parse-flags.ts';
import { withExplainFormat } from '../src/cli/explain-format.ts';
import { jobTemplateSchema } from '../src/kubernetes/job-template.ts';

const ROOT = join(import.meta.dirname, '../examples');
const IMAGE = 'registry.example.com/varve:latest';

const container = z.looseObject({
  image: z.string(),
  args: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).optional(),
});
const volumes = z.array(z.looseObject({ name: z.string() })).optional();
const pod = z.looseObject({ restartPolicy: z.literal('Never'), containers: z.array(container).min(1), volumes });
/** What varve's part of each kind of document is. */
const SCHEMAS = {
  Job: z
    .looseObject({ apiVersion: z.literal('batch/v1'), spec: z.looseObject({ template: z.looseObject({ spec: pod }) }) })
    .transform(({ spec }) => ({ containers: spec.template.spec.containers, volumes: spec.template.spec.volumes })),
  Task: z
    .looseObject({
      apiVersion: z.literal('tekton.dev/v1'),
      spec: z.looseObject({ steps: z.array(container), volumes }),
    })
    .transform(({ spec }) => ({ containers: spec.steps, volumes: spec.volumes })),
  Workflow: z
    .looseObject({
      apiVersion: z.literal('argoproj.io/v1alpha1'),
      spec: z.looseObject({ templates: z.array(z.looseObject({ container: container.optional() })), volumes }),
    })
    .transform(({ spec }) => ({
      containers: spec.templates.flatMap((template) => template.container ?? []),
      volumes: spec.volumes,
    })),
};

function documents(folder: string): { readonly file: string; readonly document: unknown }[] {
  return readdirSync(join(ROOT, folder))
    .filter((name) => /\.ya?ml$/.test(name))
    .flatMap((name) =>
      parseAllDocuments(readFileSync(join(ROOT, folder, name), 'utf8')).map((parsed) => {
        if (parsed.errors.length) throw parsed.errors[0];
        return { file: `${folder}/${name}`, document: parsed.toJS() as unknown };
      }),
    );
}

/** The words of a shell's line, as far as examples have them. */
const wordsOf = (line: string): string[] => [...line.matchAll(/(?:"[^"]*"|[^\s"])+/g)].map(([word]) => word);

/** Throws for a flag that there isn't. */
function checkExecutor(words: readonly string[]): void {
  const { given, words: rest } = parseFlags(words, EXECUTOR_ROWS, 'executor');
  if (!given.has('destination') || rest.length) throw new Error(`executor ${words.join(' ')}`);
}

function checkBuild(words: readonly string[]): void {
  const command = addBuildFlags(new Command('build').argument('<context>').exitOverride());
  command.configureOutput({ writeErr: () => {} }).parse(withExplainFormat(words), { from: 'user' });
}

test("Kubernetes' examples are of known kinds, name volumes that are there, and flags that varve takes", (t) => {
  const found = documents('kubernetes').filter(({ file }) => !file.includes('/bake-'));
  t.true(found.length >= 7);
  for (const { file, document } of found) {
    const { kind } = z.looseObject({ kind: z.enum(['Job', 'Task', 'Workflow']) }).parse(document);
    const { containers, volumes: given } = SCHEMAS[kind].parse(document);
    const names = new Set((given ?? []).map(({ name }) => name));
    t.true(containers.length > 0, file);
    for (const { image, args, command, volumeMounts } of containers) {
      t.true(image === IMAGE || image === '$(params.BUILDER_IMAGE)', `${file}: ${image}`);
      for (const { name } of volumeMounts ?? []) t.true(names.has(name), `${file}: ${name}`);
      if (command) continue;
      t.notThrows(() => checkExecutor((args ?? []).filter((arg) => !arg.includes('[*]'))), file);
      t.true(
        volumeMounts?.some(({ mountPath }) => mountPath === '/cache'),
        `${file}: a store on a volume`,
      );
    }
  }
});

test("the examples for a bake's Jobs: a template that varve takes, and what its service account may do", (t) => {
  const of = (name: string) => documents('kubernetes').filter(({ file }) => file.endsWith(name));
  const [template] = of('bake-template.yaml');
  const { spec } = jobTemplateSchema.parse(template!.document);
  t.is(spec.template.spec.containers[0]!.image, IMAGE);
  const kinds = of('bake-rbac.yaml').map(({ document }) => z.looseObject({ kind: z.string() }).parse(document).kind);
  t.deepEqual(kinds, ['ServiceAccount', 'Role', 'RoleBinding']);
});

test("the pipelines' commands have flags that varve takes", (t) => {
  const gitlab = z.record(
    z.string(),
    z.looseObject({ image: z.looseObject({ name: z.string() }), script: z.array(z.string()) }),
  );
  const github = z.looseObject({
    jobs: z.record(
      z.string(),
      z.looseObject({
        container: z.looseObject({ image: z.string() }),
        steps: z.array(z.looseObject({ run: z.string().optional() })),
      }),
    ),
  });
  const jobs = Object.values(gitlab.parse(documents('gitlab-ci')[0]!.document));
  const workflows = Object.values(github.parse(documents('github-actions')[0]!.document).jobs);
  for (const image of [...jobs.map((job) => job.image.name), ...workflows.map((job) => job.container.image)])
    t.is(image, IMAGE);
  const lines = [
    ...jobs.flatMap(({ script }) => script),
    ...workflows.flatMap(({ steps }) => steps.flatMap(({ run }) => run ?? [])),
  ];
  let count = 0;
  for (const line of lines) {
    const [program, ...words] = wordsOf(line);
    if (program === '/kaniko/executor') t.notThrows(() => checkExecutor(words), line);
    else if (program === 'varve') t.notThrows(() => checkBuild(words.slice(1)), line);
    else continue;
    count++;
  }
  t.is(count, 3);
});
