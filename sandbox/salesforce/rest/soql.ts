import type { FieldValue } from '../rows.ts';

/** What the sandbox understands of SOQL: fields of one object, conditions, an order and a limit. */
export interface Query {
  /** `['COUNT()']` counts. */
  readonly fields: readonly string[];
  readonly object: string;
  readonly where: Condition | null;
  readonly order: readonly { readonly field: string; readonly descending: boolean }[];
  readonly limit: number | null;
  readonly offset: number;
}

export type Condition =
  | { readonly any: readonly Condition[] }
  | { readonly all: readonly Condition[] }
  | { readonly not: Condition }
  | { readonly field: string; readonly operator: Operator; readonly values: readonly Literal[] };

type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'IN' | 'NOT IN' | 'LIKE';

/** `at`: an instant, in milliseconds. */
export type Literal = FieldValue | { readonly at: number };

export class MalformedQuery extends Error {
  override readonly name = 'MalformedQuery';
}

type Token = { readonly kind: 'word' | 'sign' | 'text' | 'number' | 'instant' | 'date'; readonly text: string };

const TOKENS =
  /\s*(?:(?<text>'(?:\\.|[^'\\])*')|(?<instant>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))|(?<date>\d{4}-\d\d-\d\d)|(?<number>-?\d+(?:\.\d+)?)|(?<word>[A-Za-z][\w.]*(?:\(\))?)|(?<sign><=|>=|!=|<>|[=<>(),]))/y;

function tokensOf(soql: string): Token[] {
  const tokens: Token[] = [];
  TOKENS.lastIndex = 0;
  while (soql.slice(TOKENS.lastIndex).trim() !== '') {
    const at = TOKENS.lastIndex;
    const groups = TOKENS.exec(soql)?.groups;
    const found = Object.entries(groups ?? {}).find(([, text]) => text !== undefined);
    if (!found) throw new MalformedQuery(`unexpected token: '${soql.slice(at).trim().split(/\s/)[0]}'`);
    tokens.push({ kind: found[0] as Token['kind'], text: found[1] ?? '' });
  }
  return tokens;
}

/** @throws MalformedQuery */
export function parseSoql(soql: string): Query {
  return new Parser(tokensOf(soql)).query();
}

class Parser {
  readonly #tokens: Token[];

  constructor(tokens: Token[]) {
    this.#tokens = tokens;
  }

  query(): Query {
    this.#word('SELECT');
    const fields = this.#list(() => this.#name());
    this.#word('FROM');
    const object = this.#name();
    const where = this.#takeWord('WHERE') ? this.#condition() : null;
    const order = this.#takeWord('ORDER') ? this.#order() : [];
    const limit = this.#takeWord('LIMIT') ? this.#number() : null;
    const offset = this.#takeWord('OFFSET') ? this.#number() : 0;
    const rest = this.#tokens[0];
    if (rest) throw new MalformedQuery(`unexpected token: '${rest.text}'`);
    return { fields, object, where, order, limit, offset };
  }

  #order(): Query['order'] {
    this.#word('BY');
    return this.#list(() => {
      const field = this.#name();
      const descending = this.#takeWord('DESC');
      if (!descending) this.#takeWord('ASC');
      if (this.#takeWord('NULLS') && !this.#takeWord('FIRST')) this.#word('LAST');
      return { field, descending };
    });
  }

  /** AND and OR do not mix without parentheses. */
  #condition(): Condition {
    const parts = [this.#term()];
    const joined = this.#takeWord('AND') ? 'AND' : this.#takeWord('OR') ? 'OR' : null;
    if (joined === null) return parts[0] as Condition;
    do parts.push(this.#term());
    while (this.#takeWord(joined));
    const other = joined === 'AND' ? 'OR' : 'AND';
    if (this.#takeWord(other)) throw new MalformedQuery(`unexpected token: ${other}`);
    return joined === 'AND' ? { all: parts } : { any: parts };
  }

  #term(): Condition {
    if (this.#takeWord('NOT')) return { not: this.#term() };
    if (this.#takeSign('(')) {
      const inner = this.#condition();
      this.#sign(')');
      return inner;
    }
    const field = this.#name();
    const operator = this.#operator();
    if (operator !== 'IN' && operator !== 'NOT IN') return { field, operator, values: [this.#literal()] };
    this.#sign('(');
    const values = this.#list(() => this.#literal());
    this.#sign(')');
    return { field, operator, values };
  }

  #operator(): Operator {
    if (this.#takeWord('IN')) return 'IN';
    if (this.#takeWord('LIKE')) return 'LIKE';
    if (this.#takeWord('NOT')) {
      this.#word('IN');
      return 'NOT IN';
    }
    const token = this.#next('sign');
    if (token.text === '<>') return '!=';
    if (['=', '!=', '<', '<=', '>', '>='].includes(token.text)) return token.text as Operator;
    throw new MalformedQuery(`unexpected token: '${token.text}'`);
  }

  #literal(): Literal {
    const token = this.#tokens.shift();
    switch (token?.kind) {
      case 'text':
        return token.text.slice(1, -1).replace(/\\(.)/g, '$1');
      case 'number':
        return Number(token.text);
      case 'instant':
        return { at: Date.parse(token.text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2')) };
      case 'date':
        return token.text;
      case 'word':
        if (/^(true|false)$/i.test(token.text)) return /^true$/i.test(token.text);
        if (/^null$/i.test(token.text)) return null;
        break;
      case 'sign':
      case undefined:
    }
    throw new MalformedQuery(`unexpected token: '${token?.text ?? '<EOF>'}'`);
  }

  #list<Item>(item: () => Item): Item[] {
    const items = [item()];
    while (this.#takeSign(',')) items.push(item());
    return items;
  }

  #name(): string {
    return this.#next('word').text;
  }

  #number(): number {
    return Number(this.#next('number').text);
  }

  #next(kind: Token['kind']): Token {
    const token = this.#tokens.shift();
    if (token?.kind === kind) return token;
    throw new MalformedQuery(`unexpected token: '${token?.text ?? '<EOF>'}'`);
  }

  #takeWord(word: string): boolean {
    return this.#take('word', word);
  }

  #takeSign(sign: string): boolean {
    return this.#take('sign', sign);
  }

  #take(kind: Token['kind'], text: string): boolean {
    const token = this.#tokens[0];
    if (token?.kind !== kind || token.text.toUpperCase() !== text) return false;
    this.#tokens.shift();
    return true;
  }

  #word(word: string): void {
    if (!this.#takeWord(word))
      throw new MalformedQuery(`unexpected token: '${this.#tokens[0]?.text ?? '<EOF>'}', expected ${word}`);
  }

  #sign(sign: string): void {
    if (!this.#takeSign(sign)) throw new MalformedQuery(`unexpected token: '${this.#tokens[0]?.text ?? '<EOF>'}'`);
  }
}
