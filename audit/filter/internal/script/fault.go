package script

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
	"unsafe"

	"modernc.org/libquickjs"
)

// scriptFile is the name of the script in the engine's stacks.
const scriptFile = "<filter>"

var stackLine = regexp.MustCompile(`<filter>:(\d+)`)

// checkSource returns an error if the engine must not run the source.
func checkSource(source string) error {
	switch {
	case len(source) > maxSource:
		return fmt.Errorf("the script has %d bytes; the limit is %d", len(source), maxSource)
	case !utf8.ValidString(source):
		return errors.New("the script is not valid UTF-8")
	case strings.ContainsRune(source, 0):
		return errors.New("the script has a NUL byte")
	}
	return nil
}

// thrown takes the exception out of the engine, and returns it as a fault.
func (e *engine) thrown() *Fault {
	v := libquickjs.XJS_GetException(e.tls, e.ctx)
	defer e.free(v)
	switch {
	case e.meter.cut:
		return &Fault{Reason: fmt.Sprintf("it was stopped after %v of processor time", e.meter.budget), Line: e.lineOf(v)}
	case e.heap.full:
		return &Fault{Reason: fmt.Sprintf("it needs more than %d MB of memory", maxMemory>>20), Line: e.lineOf(v)}
	case libquickjs.XJS_IsError(e.tls, e.ctx, v) == 0:
		return &Fault{Reason: "it threw " + e.nameOf(v)}
	}
	reason := e.property(v, "name") + ": " + e.property(v, "message")
	return &Fault{Reason: printable(reason) + hint(reason), Line: e.lineOf(v)}
}

// lineOf returns the line of the file at which an error was thrown, or 0 if it is not known. It is
// the line of the innermost stack frame that is in the script.
func (e *engine) lineOf(v value) int {
	if libquickjs.XJS_IsError(e.tls, e.ctx, v) == 0 {
		return 0
	}
	found := stackLine.FindStringSubmatch(e.property(v, "stack"))
	if found == nil {
		return 0
	}
	line, err := strconv.Atoi(found[1])
	if err != nil || line < 1 || line > e.lines {
		return 0 // the stack is not the engine's: a script can set it
	}
	return e.firstLine + line - 1
}

// property returns a property of an error, or "" if the property is not a string.
func (e *engine) property(v value, name string) string {
	p := libquickjs.XJS_GetPropertyStr(e.tls, e.ctx, v, theBridge().names[name])
	defer e.free(p)
	if tag := tagOf(p); tag != libquickjs.EJS_TAG_STRING && tag != libquickjs.EJS_TAG_STRING_ROPE {
		e.discardException(p)
		return ""
	}
	return e.goText(p)
}

// goText returns a value as a Go string, or "" if the value cannot be converted.
func (e *engine) goText(v value) string {
	p := libquickjs.XJS_ToCStringLen2(e.tls, e.ctx, uintptr(unsafe.Pointer(&e.length)), v, 0)
	if p == 0 {
		e.discardException(exception)
		return ""
	}
	s := strings.Clone(unsafe.String((*byte)(at(p)), int(min(e.length, 4096))))
	libquickjs.XJS_FreeCString(e.tls, e.ctx, p)
	return s
}

func (e *engine) discardException(v value) {
	if tagOf(v) == libquickjs.EJS_TAG_EXCEPTION {
		e.free(libquickjs.XJS_GetException(e.tls, e.ctx))
	}
}

// badAnswer returns the fault for a call that returned neither true nor false.
func (e *engine) badAnswer(v value) *Fault {
	return &Fault{Reason: "filter returned " + e.nameOf(v) + ", and not true or false"}
}

// nameOf describes a value for a fault, without running code of the script.
func (e *engine) nameOf(v value) string {
	switch tagOf(v) {
	case libquickjs.EJS_TAG_UNDEFINED:
		return "undefined"
	case libquickjs.EJS_TAG_NULL:
		return "null"
	case libquickjs.EJS_TAG_BOOL, libquickjs.EJS_TAG_INT, libquickjs.EJS_TAG_FLOAT64:
		return e.goText(v)
	case libquickjs.EJS_TAG_STRING, libquickjs.EJS_TAG_STRING_ROPE:
		return "the text " + strconv.QuoteToGraphic(cut(e.goText(v)))
	case libquickjs.EJS_TAG_SYMBOL:
		return "a symbol"
	case libquickjs.EJS_TAG_BIG_INT, libquickjs.EJS_TAG_SHORT_BIG_INT:
		return "a BigInt"
	}
	switch {
	case libquickjs.XJS_IsFunction(e.tls, e.ctx, v) != 0:
		return "a function"
	case libquickjs.XJS_PromiseState(e.tls, e.ctx, v) >= 0:
		return "a promise (a filter must not be async)"
	}
	return "an object"
}

// hint returns a text to append to a reason, or "". If the script uses a name of Java, the text
// says what to write instead. If it uses a name of Node or of a browser, the text says that a
// filter lacks such names.
func hint(reason string) string {
	name, ok := strings.CutPrefix(reason, "ReferenceError: ")
	if !ok {
		return ""
	}
	switch name, _, _ = strings.Cut(strings.ReplaceAll(name, "'", ""), " "); name {
	case "java", "javax", "Java", "Packages", "JavaImporter":
		return "; a filter has no Java: write new Set() for new java.util.HashSet(), add(x) and has(x), and new Map() for a HashMap"
	case "console", "print", "require", "process", "fetch", "setTimeout", "setInterval", "std", "os", "load":
		return "; a filter has nothing but its event and the language's own objects"
	}
	return ""
}

// maxReason is the maximum number of bytes that a reason quotes from a script.
const maxReason = 200

func cut(s string) string {
	if len(s) <= maxReason {
		return s
	}
	return strings.ToValidUTF8(s[:maxReason], "") + "…"
}

// printable returns a text of a script in a form for a terminal: cut, on one line, and without
// control characters.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, cut(s))
}
