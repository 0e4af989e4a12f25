/** Sets a CSS custom property through CSSOM; the content security policy forbids style attributes. */

import { Directive, directive } from "../../vendor/lit-html-3.3.3/directive.js";
import { noChange } from "../../vendor/lit-html-3.3.3/lit-html.js";

class CssVariable extends Directive {
  #last;

  render() {
    return noChange;
  }

  update(part, [name, value]) {
    if (value !== this.#last) part.element.style.setProperty(name, value);
    this.#last = value;
    return noChange;
  }
}

export const cssVariable = directive(CssVariable);
