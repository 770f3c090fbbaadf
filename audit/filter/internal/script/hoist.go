package script

import (
	"fmt"
	"slices"
	"strings"
)

// hoistedName is the prefix of the names of hoisted literals.
const hoistedName = "$clew$literal$"

// hoist moves object literals out of functions, if the literals are only tables:
//
//	var allowed = {"3136": true, "3137": true}
//	return allowed[event.context.get("client_id")] === true
//
// An engine builds such a literal anew in each call, which costs more than all else in the call.
// Hoist replaces each literal by a name. It returns declarations of these names, and the rest of
// the source. The declarations must run before the rest. Each line of the rest keeps its number.
//
// A table contains only texts, numbers, booleans and nulls. Its variable is used only to read a
// property or to test whether a property exists. So a script cannot find out that all calls share
// one object. If hoist is not sure, it leaves the literal where it is. Hoist works on tokens, and
// knows nothing of scopes.
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

// mayReach reports whether a script with this token may be able to access a variable without its
// name.
func mayReach(t token) bool {
	return t.kind == word && (t.text == "eval" || t.text == "with" || t.text == "this" || t.text == "globalThis" ||
		strings.HasPrefix(t.text, hoistedName))
}

// table returns the index of the closing brace of the literal that begins at list[i]. It returns
// -1 if the literal is not a table, or is not the whole value in a variable's declaration.
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

// pair reads a key at list[i], and its value, which must be plain. It returns the index after the
// value, or -1 if there is no such pair.
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

// endsStatement returns i if the statement ends after list[i]. Otherwise it returns -1.
func endsStatement(list []token, i int) int {
	if after := list[i+1]; after.text == ";" || after.newLine && after.kind == word && !isOneOf(after, "in", "of", "instanceof") {
		return i
	}
	return -1
}

// uses contains the positions of names in a source. They are found once, so that hoist takes
// linear time: a source can have tens of thousands of tables.
type uses struct {
	list   []token
	byName map[string][]int // the positions of a word, except as the name of a property
	closes map[int]int      // the position of the closing bracket, by that of the opening one
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

// onlyAsked reports whether a variable, apart from its declaration at list[declared], is used only
// to read its properties. If two tables have the same name, the result is false for both, because
// the declaration of one table counts as a use of the other table's variable.
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

// asked reports whether this use of the variable, at list[i], only reads a property or tests for
// one.
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

// endsOperand reports whether the token after an operand shows that the script only reads the
// operand, and neither calls it nor assigns to it.
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

// isOneOf reports whether a token is a word or an operator, with one of the given texts. A string
// in quotes is neither.
func isOneOf(t token, texts ...string) bool {
	return (t.kind == mark || t.kind == word) && slices.Contains(texts, t.text)
}

// Hoisted returns a source as hoist changes it: a name replaces each table that hoist moves out of
// a function. Each line keeps its number.
func Hoisted(source string) string {
	_, rest := hoist(source)
	return rest
}
