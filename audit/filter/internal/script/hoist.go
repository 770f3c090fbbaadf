package script

import (
	"fmt"
	"slices"
	"strings"
)

// hoistedName is what the names of hoisted literals begin with.
const hoistedName = "$clew$literal$"

// hoist takes the object literals out of functions that are tables and no more:
//
//	var allowed = {"3136": true, "3137": true}
//	return allowed[event.context.get("client_id")] === true
//
// An engine builds such a literal anew at each call, which costs more than all else in the call.
// Hoist returns the source with a name in place of each, and declarations of these names, to be
// run before it. Lines stay where they are.
//
// A table holds texts, numbers, booleans and nulls, and its variable is only ever asked for a
// property or whether it has one. Then no script can tell that all calls share one object.
// Wherever hoist is not sure of that, it leaves the source as it is: it knows tokens, and no
// scopes.
func hoist(source string) (declarations, rest string) {
	list, ok := tokens(source)
	if !ok || slices.ContainsFunc(list, mayReach) {
		return "", source
	}
	u := usesOf(list)
	var decls, out strings.Builder
	from, count := 0, 0
	for i, t := range list {
		end := table(list, i)
		if end < 0 || !u.onlyAsked(i-2) {
			continue
		}
		literal := source[t.at : list[end].at+1]
		name := fmt.Sprint(hoistedName, count)
		count++
		fmt.Fprintf(&decls, "const %s = %s;\n", name, literal)
		out.WriteString(source[from:t.at])
		out.WriteString(strings.Repeat("\n", strings.Count(literal, "\n")))
		out.WriteString(name)
		from = list[end].at + 1
	}
	if count == 0 {
		return "", source
	}
	return decls.String(), out.String() + source[from:]
}

// mayReach is whether a token lets a script reach variables by other ways than their names.
func mayReach(t token) bool {
	return t.kind == word && (t.text == "eval" || t.text == "with" || t.text == "this" || t.text == "globalThis" ||
		strings.HasPrefix(t.text, hoistedName))
}

// table is where the literal that begins at list[i] ends, or -1 where that is not the whole value
// of a variable that is declared there, or no table.
func table(list []token, i int) int {
	if i < 3 || list[i].text != "{" || list[i-1].text != "=" || list[i-2].kind != word || !isOneOf(list[i-3], "var", "let", "const") {
		return -1
	}
	for i++; i+4 < len(list); {
		if list[i].text == "}" {
			return endsStatement(list, i)
		}
		if i = pair(list, i); i < 0 {
			return -1
		}
		if list[i].text == "," {
			i++
		} else if list[i].text != "}" {
			return -1
		}
	}
	return -1
}

// pair is where a key and a plain value that begin at list[i] end, or -1.
func pair(list []token, i int) int {
	key := list[i]
	if key.kind != word && key.kind != text && key.kind != digits || list[i+1].text != ":" ||
		strings.Contains(key.text, "__proto__") || key.kind == text && strings.Contains(key.text, `\`) {
		return -1
	}
	i += 2
	if list[i].text == "-" && list[i+1].kind == digits {
		i++
	}
	if v := list[i]; v.kind != text && v.kind != digits && !isOneOf(v, "true", "false", "null") {
		return -1
	}
	return i + 1
}

// endsStatement is i where the token after list[i] begins another statement, else -1.
func endsStatement(list []token, i int) int {
	if after := list[i+1]; after.text == ";" || after.newLine && after.kind == word && !isOneOf(after, "in", "of", "instanceof") {
		return i
	}
	return -1
}

// uses are where names are used in a source. Finding them once keeps hoist linear: a source of the
// largest size is tens of thousands of tables.
type uses struct {
	list   []token
	byName map[string][]int // where a word is, besides as a name of a property
	closes map[int]int      // where the bracket closes that opens there
}

func usesOf(list []token) uses {
	u := uses{list: list, byName: map[string][]int{}, closes: map[int]int{}}
	var open []int
	for i, t := range list {
		switch {
		case t.kind == word && (i == 0 || !isOneOf(list[i-1], ".", "?.")):
			u.byName[t.text] = append(u.byName[t.text], i)
		case isOneOf(t, "[", "(", "{"):
			open = append(open, i)
		case isOneOf(t, "]", ")", "}") && len(open) > 0:
			u.closes[open[len(open)-1]] = i
			open = open[:len(open)-1]
		}
	}
	return u
}

// onlyAsked is whether a variable is used for nothing but reading its properties, besides its
// declaration at list[declared]. A name is looked at once: another table of that name is a use
// that asks nothing, and so is this one for that.
func (u uses) onlyAsked(declared int) bool {
	name := u.list[declared].text
	places := u.byName[name]
	delete(u.byName, name)
	if len(places) == 0 {
		return false
	}
	for _, i := range places {
		if i != declared && (i == 0 || !u.asked(i)) {
			return false
		}
	}
	return true
}

// asked is whether the variable at list[i] is only asked there.
func (u uses) asked(i int) bool {
	list, end := u.list, i
	switch after := peek(list, i+1); after.text {
	case "[":
		if end = u.closes[i+1]; end == 0 {
			return false
		}
	case ".":
		end = i + 2
	default:
		return list[i-1].text == "in" && endsOperand(after)
	}
	before, after := list[i-1], peek(list, end+1)
	if isOneOf(before, "return", "!", "===", "!==", "==", "!=", "&&", "||", "??") {
		return endsOperand(after)
	}
	return isOneOf(before, "(", ",", "=", "?") && isOneOf(after, "===", "!==", "==", "!=", "&&", "||", "??", "?") ||
		i > 1 && isOneOf(list[i-2], "if", "while", "switch") && before.text == "(" && after.text == ")" && peek(list, end+2).text == "{"
}

// endsOperand is whether what stands before the token is read, and neither called nor written.
func endsOperand(after token) bool {
	return isOneOf(after, ";", ")", "}", "===", "!==", "==", "!=", "&&", "||", "??", "?") ||
		after.newLine && isOneOf(after, "return", "if", "var", "let", "const")
}

func peek(list []token, i int) token {
	if i < len(list) {
		return list[i]
	}
	return token{kind: mark}
}

// isOneOf is whether a token is one of these, and no string.
func isOneOf(t token, texts ...string) bool {
	return (t.kind == mark || t.kind == word) && slices.Contains(texts, t.text)
}

// Hoisted returns a source as the engine gets it: without the tables that are evaluated once, each
// line where it was.
func Hoisted(source string) string {
	_, rest := hoist(source)
	return rest
}
