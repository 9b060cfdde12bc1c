import * as z from 'zod';
import { BENCH_MODES } from './bench-row.ts';
import { isOwnFlag } from './own-flags.ts';

/** Names stand in tables, CSV and file names. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/i;
const NAME_FORM = 'a name is of letters, digits, ".", "_" and "-"';
const name = z.string().regex(NAME);
const path = z
  .string('it is a path in the context')
  .min(1, 'it is a path in the context')
  .refine((value) => !value.startsWith('/') && !value.split('/').includes('..'), 'it is a path in the context');
const text = z.string('it is a text');
const pair = z.strictObject({ from: path, to: path }, 'it has from and to');

const replaceSchema = z
  .strictObject(
    { file: path, find: text.min(1).optional(), pattern: text.min(1).optional(), with: text },
    'it has file, find or pattern, and with',
  )
  .refine(({ find, pattern }) => (find === undefined) !== (pattern === undefined), 'it has one of find and pattern')
  .refine(({ pattern }) => pattern === undefined || isPattern(pattern), 'the pattern is no regular expression');

/** One change of the files, or of the build's arguments. */
const actionSchema = z
  .strictObject(
    {
      touch: path.optional(),
      write: z.strictObject({ file: path, text }, 'it has file and text').optional(),
      append: z.strictObject({ file: path, text }, 'it has file and text').optional(),
      replace: replaceSchema.optional(),
      swap: z
        .strictObject({ file: path, lines: z.tuple([text, text], 'it is two lines') }, 'it has file and lines')
        .optional(),
      copy: pair.optional(),
      rename: pair.optional(),
      remove: path.optional(),
      set: z.record(z.string(), z.coerce.string()).optional(),
    },
    'it is one of touch, write, append, replace, swap, copy, rename, remove and set',
  )
  .refine(
    (action) => Object.values(action).filter((value) => value !== undefined).length === 1,
    'it is one of touch, write, append, replace, swap, copy, rename, remove and set',
  );

export type Action = z.infer<typeof actionSchema>;

/**
 * What `varve bench script` reads (docs/bench.md).
 * @param isFile tells whether a context, as the script names it, has a file of this path
 */
export function scriptSchema(isFile: (context: string, path: string) => boolean) {
  return z
    .strictObject({
      /** From the directory of the script. */
      context: z.string('it is a directory').default('.'),
      modes: z
        .array(z.enum(BENCH_MODES, `it is one of ${BENCH_MODES.join(', ')}`), 'it is a list of modes')
        .min(1, 'it is a list of modes')
        .refine((modes) => new Set(modes).size === modes.length, 'a mode is there twice')
        .default(['warm', 'ci']),
      buildsPerMonth: z.number('it is a number').positive('it is more than 0').default(1000),
      variants: z
        .record(
          name,
          z.strictObject(
            {
              dockerfile: path.default('Dockerfile'),
              flags: z
                .array(
                  text.refine((flag) => !isOwnFlag(flag), 'the benchmark gives this flag itself'),
                  'it is a list of flags',
                )
                .default([]),
            },
            'it has dockerfile and flags',
          ),
          {
            error: ({ code }) =>
              code === 'invalid_key' ? NAME_FORM : 'it has a name and, below, dockerfile and flags of each variant',
          },
        )
        .refine((variants) => Object.keys(variants).length > 0, 'there is no variant'),
      edits: z
        .record(
          name,
          z.strictObject(
            {
              /** How often it is drawn, beside the others. */
              weight: z.number('it is a number').positive('it is more than 0').default(1),
              do: z.array(actionSchema, 'it is a list of changes').min(1, 'it is a list of changes'),
            },
            'it has do and weight',
          ),
          {
            error: ({ code }) =>
              code === 'invalid_key' ? NAME_FORM : 'it has a name and, below, do and weight of each edit',
          },
        )
        .refine((edits) => Object.keys(edits).length > 0, 'there is no edit'),
    })
    .superRefine(({ context, variants }, { addIssue }) => {
      for (const [variant, { dockerfile }] of Object.entries(variants))
        if (!isFile(context, dockerfile))
          addIssue({
            code: 'custom',
            path: ['variants', variant, 'dockerfile'],
            message: `there is no file ${dockerfile} in the context ${context}`,
          });
    });
}

export type Script = z.infer<ReturnType<typeof scriptSchema>>;

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
