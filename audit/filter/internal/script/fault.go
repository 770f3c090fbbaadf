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

// checkSource returns an error for a source that the engine must not get.
func checkSource(source string) error {
	switch {
	case len(source) > maxSource:
		return fmt.Errorf("the script has %d bytes; it may have %d", len(source), maxSource)
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
		return &Fault{Reason: fmt.Sprintf("it was stopped after %v of the processor", e.meter.budget), Line: e.lineOf(v)}
	case e.heap.full:
		return &Fault{Reason: fmt.Sprintf("it needs more than %d MB of memory", maxMemory>>20), Line: e.lineOf(v)}
	case libquickjs.XJS_IsError(e.tls, e.ctx, v) == 0:
		return &Fault{Reason: "it threw " + e.nameOf(v)}
	}
	reason := e.property(v, "name") + ": " + e.property(v, "message")
	return &Fault{Reason: printable(reason) + hint(reason), Line: e.lineOf(v)}
}

// lineOf is the line of an error in the file: that of the innermost frame of the stack in the
// script.
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
		return 0 // a script may write its error's stack itself
	}
	return e.firstLine + line - 1
}

// property is a property of an error, or "" if it is not a text.
func (e *engine) property(v value, name string) string {
	p := libquickjs.XJS_GetPropertyStr(e.tls, e.ctx, v, theBridge().names[name])
	defer e.free(p)
	if tag := tagOf(p); tag != libquickjs.EJS_TAG_STRING && tag != libquickjs.EJS_TAG_STRING_ROPE {
		e.discardException(p)
		return ""
	}
	return e.goText(p)
}

// goText is a value as a Go string, or "" if it cannot be made one.
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

// badAnswer is the fault of a function that returned neither true nor false.
func (e *engine) badAnswer(v value) *Fault {
	return &Fault{Reason: "filter returned " + e.nameOf(v) + ", and not true or false"}
}

// nameOf names the kind of a value, without running code of the script.
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

// hint says what to write instead, if an error says that something of Java is not there.
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

// maxReason bounds a text of a script in a reason, in bytes.
const maxReason = 200

func cut(s string) string {
	if len(s) <= maxReason {
		return s
	}
	return strings.ToValidUTF8(s[:maxReason], "") + "…"
}

// printable is a text of a script for a terminal: on one line, and without control characters.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, cut(s))
}
