package traps

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// finder walks over the tokens of a script and collects traps.
type finder struct {
	tokens []token
	at     int
	open   []bracket
	closed bracket // the bracket that was closed last
	traps  []Trap
}

func (f *finder) add(line int, format string, args ...any) {
	f.traps = append(f.traps, Trap{line, fmt.Sprintf(format, args...)})
}

// near returns the token at the given distance from the current one, or an empty token.
func (f *finder) near(by int) token {
	if at := f.at + by; at >= 0 && at < len(f.tokens) {
		return f.tokens[at]
	}
	return token{}
}

// top returns the innermost open bracket, or an empty one.
func (f *finder) top() *bracket {
	if len(f.open) == 0 {
		return &bracket{}
	}
	return &f.open[len(f.open)-1]
}

func (f *finder) token() {
	t := f.tokens[f.at]
	f.endArrows(t)
	if top := f.top(); t.text != "," && !t.closes() {
		top.begun, top.last = true, false
	}
	switch {
	case t.kind == punct && strings.Contains("([{", t.text):
		f.push(f.scopeOf(t))
	case t.kind == punct && t.text == "=>":
		if f.near(1).text != "{" {
			f.push(arrow)
		}
	case t.closes():
		f.pop(t)
	case t.kind == punct:
		f.mark(t)
	case t.kind == regex && f.top().inCall:
		f.add(t.line, "the regular expression is built in each call: put it into a constant outside of the function")
	case t.kind == word:
		f.word(t)
	}
}

// mark counts the commas, question marks and colons in a bracket.
func (f *finder) mark(t token) {
	switch top := f.top(); t.text {
	case ",":
		top.commas++
		top.last = true
	case "?":
		top.question++
	case ":":
		top.ternary = top.question > 0
		top.question = max(0, top.question-1)
	}
}

// statements are words that begin a statement. On a new line, such a word ends an arrow function.
var statements = []string{"const", "let", "var", "function", "class", "if", "for", "while", "return", "switch", "try", "throw"}

// endArrows closes the arrow functions without braces that end before t.
func (f *finder) endArrows(t token) {
	for f.top().scope == arrow {
		statement := t.kind == word && slices.Contains(statements, t.text) && t.line > f.near(-1).line
		if !t.closes() && !statement && (t.kind != punct || t.text != "," && t.text != ";") {
			return
		}
		f.open = f.open[:len(f.open)-1]
	}
}

func (f *finder) push(s scope) {
	in := f.top()
	o := bracket{scope: s, at: f.at, traps: len(f.traps), of: f.at - 1, inGroup: in.inGroup || s == group, inCall: in.inCall}
	if s == body || s == arrow {
		// The finder assumes that a function in parentheses, such as the argument of map, is
		// called while the script is loaded.
		o.inCall = o.inCall || !in.inGroup
	}
	f.open = append(f.open, o)
}

// pop closes the innermost bracket, if t is its end. It adds a trap if the bracket was a large
// literal.
func (f *finder) pop(t token) {
	ends := map[scope]string{group: ")", array: "]", index: "]"}
	if len(f.open) == 0 || cmp.Or(ends[f.top().scope], "}") != t.text {
		return
	}
	o := f.open[len(f.open)-1]
	f.open = f.open[:len(f.open)-1]
	f.closed = o
	if o.scope != object && o.scope != array || !f.top().inCall {
		return
	}
	entries := o.commas
	if o.begun && !o.last {
		entries++
	}
	if entries <= few {
		return
	}
	what := "the object"
	if o.scope == array {
		what = "the array"
	}
	f.traps = f.traps[:o.traps] // this trap replaces the traps inside the literal
	f.add(f.tokens[o.at].line, "%s of %d entries may be made anew in each call: put it into a constant outside of the function, as a Set or a Map", what, entries)
}

// endsOperand reports whether an operand ends with t. If so, a bracket after t belongs to the
// operand.
func endsOperand(t token) bool {
	switch t.kind {
	case word:
		return !slices.Contains(operators, t.text)
	case number, text, regex:
		return true
	}
	return t.text == ")" || t.text == "]" || t.text == "}"
}

// scopeOf returns the scope that the bracket t opens.
func (f *finder) scopeOf(t token) scope {
	switch t.text {
	case "(":
		return group
	case "[":
		if f.at > 0 && endsOperand(f.near(-1)) {
			return index
		}
		return array
	}
	return f.ofBrace()
}

// ofBrace returns the scope that an opening brace begins. The token before the brace decides.
func (f *finder) ofBrace() scope {
	before := f.near(-1)
	if before.kind == word && slices.Contains(operators, before.text) {
		return object
	}
	if before.kind != punct {
		return block
	}
	switch before.text {
	case "=>":
		return body
	case ")":
		return f.afterParentheses()
	case ":":
		return f.afterColon()
	case ";", "{", "}", "": // "": no token is before it
		return block
	}
	return object
}

// afterColon returns the scope of a brace after a colon: an object, or the block of a case or a
// label.
func (f *finder) afterColon() scope {
	switch top := f.top(); {
	case top.scope == object, top.scope == group, top.scope == array, top.ternary:
		return object
	}
	return block
}

// afterParentheses returns the scope of a brace after parentheses: the body of a function, or the
// block of a statement.
func (f *finder) afterParentheses() scope {
	if f.closed.scope != group || f.closed.of < 0 {
		return block
	}
	switch of := f.tokens[f.closed.of]; {
	case of.kind != word:
		return block
	case slices.Contains([]string{"if", "for", "while", "switch", "catch", "with", "await"}, of.text):
		return block
	}
	return body // function (…) {, function name(…) {, and methods
}

func (f *finder) word(t token) {
	after, before := f.near(1), f.near(-1)
	called := after.kind == punct && after.text == "("
	member := before.kind == punct && (before.text == "." || before.text == "?.")
	switch {
	case member && called && methods[t.text] != "":
		f.add(t.line, "%s() is Java's, unless the script defines it: write %s", t.text, methods[t.text])
	case member || after.text == ":" && f.top().scope == object:
	case slices.Contains(java, t.text):
		f.add(t.line, "%s is Java's: write new Set() for a HashSet, with add(x) and has(x), and new Map() for a HashMap", t.text)
	case t.text == "RegExp" && called && f.top().inCall:
		f.add(t.line, "RegExp builds a regular expression in each call: put it into a constant outside of the function")
	}
}

// java lists names that scripts can use only in an engine of Java.
var java = []string{"java", "javax", "Java", "Packages", "JavaImporter", "importClass", "importPackage"}

// methods are methods of Java's strings and collections that JavaScript does not have, with what
// to write instead.
var methods = map[string]string{
	"equals":           "a == b",
	"equalsIgnoreCase": "a.toLowerCase() == b.toLowerCase()",
	"contains":         "includes(x) of a text or an array, has(x) of a Set",
	"containsKey":      "has(x)",
	"isEmpty":          "length == 0, or size == 0 of a Set",
	"size":             "size, without parentheses",
	"length":           "length, without parentheses",
	"matches":          "/…/.test(text), with the expression in a constant",
}
