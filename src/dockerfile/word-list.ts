import { isSpace } from './white-space.ts';

/** Collects characters into words. White space ends a word unless it comes in raw, which is: quoted or escaped. */
export class WordList {
  readonly #words: string[] = [];
  #word = '';

  addRaw(text: string): void {
    this.#word += text;
  }

  addChar(char: string): void {
    if (isSpace(char)) this.#end();
    else this.#word += char;
  }

  addText(text: string): void {
    for (const char of text) this.addChar(char);
  }

  finish(): string[] {
    this.#end();
    return this.#words;
  }

  #end(): void {
    if (this.#word !== '') this.#words.push(this.#word);
    this.#word = '';
  }
}
