import { VarveError } from '../errors.ts';
import type { BakeFunction } from './functions/signature.ts';
import type { Attribute, Block, Body, Expression } from './hcl/syntax.ts';
import { toBool, toText } from './values/convert.ts';
import { evaluate, type Scope, withLocals } from './values/evaluate.ts';
import { isList, isObject, makeObject, type Value, type ValueObject } from './values/value.ts';
import { type BakeVariable, type DeclaredVariable, declareVariable, variableValue } from './variables.ts';

/** What a bake file's expressions may ask the world for. */
export interface DefinitionOptions {
  readonly functions: ReadonlyMap<string, BakeFunction>;
  /** Variables that are there without a block: BAKE_CMD_CONTEXT, BAKE_LOCAL_PLATFORM. */
  readonly builtins: ReadonlyMap<string, string>;
  /** The environment, and `--var` before it. */
  lookup(name: string): string | undefined;
}

/** A block of the files with its attributes evaluated; one for each combination of its matrix. */
export interface EvaluatedBlock {
  readonly name: string;
  /** What the block's label was: a target of a matrix has another name. */
  readonly label: string;
  readonly attributes: ValueObject;
  readonly block: Block;
}

export interface Definitions {
  readonly targets: readonly EvaluatedBlock[];
  readonly groups: readonly EvaluatedBlock[];
  readonly variables: readonly BakeVariable[];
}

type BlockType = 'target' | 'group';

const isBlockType = (name: string): name is BlockType => name === 'target' || name === 'group';

/** An instance of a block: itself, or one combination of its matrix. */
interface Instance {
  readonly block: Block;
  readonly scope: Scope;
  readonly name: string;
}

/**
 * Evaluates the bodies of bake files, in their order: variables, functions, then targets and groups. Whatever is named is
 * evaluated when it is needed, whichever way the files are ordered.
 *
 * @throws VarveError `BAKE_VALUE` with the line
 */
export function evaluateDefinitions(bodies: readonly Body[], options: DefinitionOptions): Definitions {
  const attributes = new Map<string, Attribute>();
  const variables = new Map<string, DeclaredVariable>();
  const functions = new Map<string, Block>();
  const blocks: Block[] = [];
  for (const body of bodies) {
    for (const [name, attribute] of body.attributes) if (!isBlockType(name)) attributes.set(name, attribute);
    for (const block of body.blocks) {
      if (block.type === 'variable') variables.set(label(block), declareVariable(label(block), block));
      else if (block.type === 'function') functions.set(label(block), block);
      else if (isBlockType(block.type)) {
        label(block);
        blocks.push(block);
      } else throw problem(`a bake file has no blocks ${block.type}`, block);
    }
  }
  const busy = new Set<string>();
  const once = <T>(key: string, what: string, work: () => T): T => {
    if (busy.has(key)) throw problem(`${what} cycle not allowed for ${key.slice(key.indexOf(' ') + 1)}`);
    busy.add(key);
    try {
      return work();
    } finally {
      busy.delete(key);
    }
  };

  const values = new Map<string, Value>();
  const scope: Scope = {
    isBlockType: (name) => isBlockType(name) && !variables.has(name),
    variable(name) {
      if (!values.has(name))
        values.set(
          name,
          once(`variable ${name}`, 'variable', () => resolveVariable(name)),
        );
      return values.get(name)!;
    },
    block: (type, name, attribute) => blockValue(type, name, attribute),
    call(name, args) {
      const own = functions.get(name);
      const builtin = options.functions.get(name);
      if (!builtin && !own) throw problem(`there is no function named ${JSON.stringify(name)}`);
      try {
        return builtin ? builtin(args) : callUser(name, own!, args);
      } catch (error) {
        throw error instanceof VarveError && builtin ? error.prefixed(`${name}: `) : error;
      }
    },
  };

  const resolveVariable = (name: string): Value => {
    const attribute = attributes.get(name);
    const variable = variables.get(name);
    const builtin = options.builtins.get(name);
    if (!attribute && builtin !== undefined) return options.lookup(name) ?? builtin;
    if (!attribute && !variable) throw problem(`there is no variable named ${JSON.stringify(name)}`);
    if (!variable) return evaluate(attribute!.value, scope);
    const isTaken = (other: string): boolean => variables.has(other) || options.builtins.has(other);
    return variableValue(
      { ...variable, ...(attribute ? { preset: attribute.value } : {}) },
      {
        evaluate: (expression) => evaluate(expression, scope),
        environment: options.lookup(name),
        json: isTaken(`${name}_JSON`) ? undefined : options.lookup(`${name}_JSON`),
      },
    );
  };

  const callUser = (name: string, block: Block, args: readonly Value[]): Value =>
    once(`function ${name}`, 'function', () => {
      const { params, variadic, result } = userFunction(name, block);
      if (args.length < params.length || (variadic === undefined && args.length > params.length))
        throw problem(`${name} takes ${params.length} arguments, and ${args.length} are given`);
      const locals = new Map(params.map((param, i) => [param, args[i]!] as const));
      if (variadic !== undefined) locals.set(variadic, args.slice(params.length));
      return evaluate(result, withLocals(scope, locals));
    });

  const instances = new Map<Block, readonly Instance[]>();
  const instancesOf = (block: Block): readonly Instance[] => {
    const known = instances.get(block);
    if (known) return known;
    const made = once(`name ${label(block)}`, 'reference', () => expandMatrix(block, scope));
    instances.set(block, made);
    return made;
  };

  const cells = new Map<Instance, Map<string, Value>>();
  const attributeOf = (instance: Instance, name: string): Value => {
    const known = cells.get(instance) ?? new Map<string, Value>();
    cells.set(instance, known);
    const attribute = instance.block.body.attributes.get(name);
    if (!attribute) return name === 'name' ? instance.name : null;
    if (name === 'name') return instance.name;
    if (!known.has(name)) {
      const key = `reference ${instance.block.type}.${instance.name}.${name}`;
      known.set(
        name,
        once(key, 'reference', () => evaluate(attribute.value, instance.scope)),
      );
    }
    return known.get(name)!;
  };

  const blockValue = (type: string, name: string, attribute: string | undefined): Value => {
    const found = blocks
      .filter((block) => block.type === type)
      .flatMap(instancesOf)
      .filter((each) => each.name === name);
    if (!found.length) throw problem(`there is no ${type} named ${JSON.stringify(name)}`);
    if (attribute === undefined) {
      const names = new Set(found.flatMap(({ block }) => [...block.body.attributes.keys()]));
      return makeObject([...names].map((each) => [each, blockValue(type, name, each)] as const));
    }
    // The last block that says something of it.
    const last = found.findLast(({ block }) => block.body.attributes.has(attribute)) ?? found[0]!;
    return attributeOf(last, attribute);
  };

  const evaluated = (type: BlockType): EvaluatedBlock[] =>
    blocks
      .filter((block) => block.type === type)
      .flatMap((block) => {
        const [inner] = block.body.blocks;
        if (inner) throw problem(`a ${type} has no blocks ${inner.type}`, inner);
        return instancesOf(block).map((instance) => {
          const names = [...block.body.attributes.keys()].filter((name) => name !== 'matrix' && name !== 'name');
          const attributes = makeObject(names.map((name) => [name, attributeOf(instance, name)] as const));
          return { name: instance.name, label: label(block), attributes, block };
        });
      });

  const described = [...variables.values()].map((variable) => describe(variable, scope));
  for (const variable of variables.values()) validate(variable, scope);
  for (const [name, block] of functions) userFunction(name, block);
  const targets = evaluated('target');
  const groups = evaluated('group');
  for (const name of attributes.keys()) scope.variable(name);
  return { targets, groups, variables: described };
}

function describe(variable: DeclaredVariable, scope: Scope): BakeVariable {
  try {
    const value = scope.variable(variable.name);
    return { ...variable, value };
  } catch (error) {
    throw error instanceof VarveError ? error.at(variable.block.location) : error;
  }
}

function validate(variable: DeclaredVariable, scope: Scope): void {
  for (const { condition, message, location } of variable.validations) {
    if (toBool(evaluate(condition, scope))) continue;
    throw new VarveError('BAKE_VALUE', `Validation failed: ${toText(evaluate(message, scope))}`, {
      hint: `set ${variable.name} in the environment or with --var`,
      location,
    });
  }
}

/** Each value of each name with each other; one without a matrix is itself. */
function expandMatrix(block: Block, scope: Scope): Instance[] {
  const matrix = block.body.attributes.get('matrix');
  const name = block.body.attributes.get('name');
  if (block.type === 'group' && (matrix || name))
    throw problem(`${matrix ? 'matrix' : 'name'} is not supported for groups`, block);
  if (!matrix && name) throw problem('name requires matrix', block);
  if (!matrix) return [{ block, scope, name: checkedName(label(block), block) }];
  const value = evaluate(matrix.value, scope);
  if (!isObject(value)) throw problem('matrix must be a map', matrix);
  let combinations: ReadonlyMap<string, Value>[] = [new Map()];
  for (const [key, items] of Object.entries(value)) {
    if (!isList(items)) throw problem('matrix values must be a list', matrix);
    combinations = items.flatMap((item) => combinations.map((each) => new Map([...each, [key, item]])));
  }
  const made = combinations.map((locals) => {
    const inner = withLocals(scope, locals);
    const text = name ? toText(evaluate(name.value, inner)) : label(block);
    return { block, scope: inner, name: checkedName(text, block) };
  });
  const twice = made.find((each, i) => made.findIndex((other) => other.name === each.name) !== i);
  if (twice) throw problem(`duplicate name ${JSON.stringify(twice.name)}`, block);
  return made;
}

function checkedName(name: string, block: Block): string {
  if (/^[a-zA-Z0-9_-]+$/.test(name)) return name;
  throw problem(`the name ${JSON.stringify(name)} is invalid: only [a-zA-Z0-9_-] are allowed`, block);
}

interface UserFunction {
  readonly params: readonly string[];
  readonly variadic: string | undefined;
  readonly result: Expression;
}

function userFunction(name: string, { body, location }: Block): UserFunction {
  const [params, result, variadic] = ['params', 'result', 'variadic_params'].map((each) => body.attributes.get(each));
  if (!params) throw problem(`empty params not allowed for ${name}`, { location });
  if (!result) throw problem(`empty result not allowed for ${name}`, { location });
  if (params.value.kind !== 'tuple') throw problem(`the params of ${name} are a list of names`, params);
  return {
    params: params.value.items.map(paramName),
    variadic: variadic && paramName(variadic.value),
    result: result.value,
  };
}

/** In JSON a name is a string. */
function paramName(expression: Expression): string {
  if (expression.kind === 'variable') return expression.name;
  const value = expression.kind === 'literal' ? expression.value : undefined;
  if (typeof value === 'string' && /^[\p{ID_Start}_][\p{ID_Continue}-]*$/u.test(value)) return value;
  throw problem('each parameter of a function is a name', expression);
}

function label(block: Block): string {
  const [name, ...more] = block.labels;
  if (name === undefined || more.length) throw problem(`a ${block.type} has one label, its name`, block);
  return name;
}

function problem(message: string, at?: Pick<Block, 'location'>): VarveError {
  return new VarveError('BAKE_VALUE', message, at ? { location: at.location } : {});
}
