import type { SourceLocation } from '../../errors.ts';

interface At {
  readonly location: SourceLocation;
}

/** An expression of HCL's native syntax. https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md */
export type Expression =
  | (At & { readonly kind: 'literal'; readonly value: string | number | boolean | null })
  | (At & { readonly kind: 'template'; readonly parts: readonly TemplatePart[] })
  | (At & { readonly kind: 'tuple'; readonly items: readonly Expression[] })
  | (At & { readonly kind: 'object'; readonly items: readonly ObjectItem[] })
  | ForExpression
  | (At & {
      readonly kind: 'conditional';
      readonly condition: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    })
  | (At & { readonly kind: 'unary'; readonly operator: '-' | '!'; readonly operand: Expression })
  | (At & {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    })
  /** `isSpread` when the last argument is written with `...`. */
  | (At & {
      readonly kind: 'call';
      readonly name: string;
      readonly args: readonly Expression[];
      readonly isSpread: boolean;
    })
  | (At & { readonly kind: 'variable'; readonly name: string })
  | (At & { readonly kind: 'attribute'; readonly object: Expression; readonly name: string })
  | (At & { readonly kind: 'index'; readonly object: Expression; readonly key: Expression })
  /** `each` is evaluated with the variable {@link SPLAT_ITEM} for every item of `object`. */
  | (At & { readonly kind: 'splat'; readonly object: Expression; readonly each: Expression });

export type BinaryOperator = '||' | '&&' | '==' | '!=' | '>' | '>=' | '<' | '<=' | '+' | '-' | '*' | '/' | '%';

/** A name that no variable can have. */
export const SPLAT_ITEM = '*';

export interface ObjectItem {
  readonly key: Expression;
  readonly value: Expression;
}

export interface ForExpression extends At {
  readonly kind: 'for';
  readonly keyName: string | undefined;
  readonly valueName: string;
  readonly collection: Expression;
  /** Of one that makes an object. */
  readonly key: Expression | undefined;
  readonly value: Expression;
  readonly condition: Expression | undefined;
  /** `...`: values of equal keys become a list. */
  readonly isGrouped: boolean;
}

export type TemplatePart =
  | string
  | { readonly kind: 'interpolation'; readonly expression: Expression }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly yes: readonly TemplatePart[];
      readonly no: readonly TemplatePart[];
    }
  | {
      readonly kind: 'for';
      readonly keyName: string | undefined;
      readonly valueName: string;
      readonly collection: Expression;
      readonly body: readonly TemplatePart[];
    };

export interface Attribute {
  readonly name: string;
  readonly value: Expression;
  readonly location: SourceLocation;
}

export interface Block {
  readonly type: string;
  readonly labels: readonly string[];
  readonly body: Body;
  readonly location: SourceLocation;
}

export interface Body {
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly blocks: readonly Block[];
}
