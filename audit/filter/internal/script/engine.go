package script

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"example.com/clew/audit"
	"modernc.org/libc"
	"modernc.org/libquickjs"
)

// engine is QuickJS with one scope. It calls the C functions of libquickjs directly, because calls
// of package modernc.org/quickjs cost ten times as much.
//
// The C functions keep the engine's address, so the engine is pinned. The function at turns the
// address into a pointer. Never give C the address of a variable on Go's stack, because the stack
// moves. That is why length is a field.
type engine struct {
	pinner runtime.Pinner
	tls    *libc.TLS
	rt     uintptr
	ctx    uintptr
	heap   heap
	meter  *meter

	filter    value
	firstLine int
	lines     int   // the number of lines of the source
	event     value // the argument of the calls; replaced if a script keeps it
	context   value
	methods   [len(methodNames)]value
	atoms     [len(eventNames)]libquickjs.TJSAtom

	candidate audit.Candidate // the candidate of the current call
	args      uintptr         // memory for one argument of a call
	text      uintptr         // memory for texts that Go passes to C
	textSize  int
	length    libquickjs.Size_t // the length of a text that C returns to Go
}

var (
	undefined = immediate(libquickjs.EJS_TAG_UNDEFINED, 0)
	null      = immediate(libquickjs.EJS_TAG_NULL, 0)
	exception = immediate(libquickjs.EJS_TAG_EXCEPTION, 0)
)

var errMemory = errors.New("no memory for an engine")

// newEngine makes an engine that is not open yet. The engine owns the arena.
func newEngine(m *meter, a *arena) *engine {
	e := &engine{meter: m, tls: libc.NewTLS(), heap: heap{arena: a}}
	e.pinner.Pin(e)
	return e
}

func (e *engine) open() bool {
	self := uintptr(unsafe.Pointer(e))
	e.rt = libquickjs.XJS_NewRuntime2(e.tls, uintptr(unsafe.Pointer(&mallocFunctions)), self)
	if e.rt == 0 {
		return false
	}
	libquickjs.XJS_SetMaxStackSize(e.tls, e.rt, maxStack)
	libquickjs.XJS_SetInterruptHandler(e.tls, e.rt, address(interrupt), self)
	if e.ctx = libquickjs.XJS_NewContext(e.tls, e.rt); e.ctx == 0 {
		return false
	}
	libquickjs.XJS_SetContextOpaque(e.tls, e.ctx, self)
	if e.args = e.heap.malloc(valueSize); e.args == 0 {
		return false
	}
	return e.openBridge()
}

// close frees the memory. It does not call the engine's own functions, because they would walk all
// objects of a heap that can be full.
func (e *engine) close() {
	_ = e.heap.arena.pages.unmap()
	e.tls.Close()
	e.pinner.Unpin()
}

// engineOf returns the engine to which a QuickJS context belongs.
func engineOf(ctx uintptr) *engine {
	return (*engine)(at((*libquickjs.TJSContext)(at(ctx)).Fuser_opaque))
}

// QuickJS calls interrupt when its counter has reached 0, and while a regular expression runs. A
// result other than 0 stops the script. The script cannot catch this.
func interrupt(_ *libc.TLS, _, opaque uintptr) int32 {
	e := (*engine)(at(opaque))
	stop, turns := e.meter.poll()
	e.pollAfter(turns)
	if stop {
		return 1
	}
	return 0
}

// pollAfter sets the engine's counter, so that interrupt is called after the given number of
// turns.
func (e *engine) pollAfter(turns int32) {
	if e.ctx != 0 {
		(*libquickjs.TJSContext)(at(e.ctx)).Finterrupt_counter = turns
	}
}

// load runs the source, and sets e.filter to the function filter that the source defines.
func (e *engine) load(source string, firstLine int) *Fault {
	e.firstLine, e.lines = firstLine, strings.Count(source, "\n")+1
	declarations, rest := hoist(source)
	if fault := e.eval(declarations, nil); fault != nil {
		declarations, rest = "", source
	}
	if fault := e.eval(rest, nil); fault != nil {
		return fault
	}
	var v value
	if fault := e.eval(`typeof filter === "function" ? filter : undefined`, &v); fault != nil {
		return fault
	}
	if tagOf(v) != libquickjs.EJS_TAG_OBJECT {
		return &Fault{Reason: "it has no function filter(event)"}
	}
	e.filter = v
	return e.pending()
}

// pending returns a fault if the script has a promise with a job to run. Such jobs never run,
// because the function itself must return the answer.
func (e *engine) pending() *Fault {
	if libquickjs.XJS_IsJobPending(e.tls, e.rt) == 0 {
		return nil
	}
	return &Fault{Reason: "it uses a promise, and a filter must not be async"}
}

// eval runs a source. If result is not nil, eval stores the source's value there.
func (e *engine) eval(source string, result *value) *Fault {
	text := e.textOf(source)
	if text == 0 {
		return &Fault{Reason: "it is too large for the memory of a scope"}
	}
	e.pollAfter(firstPoll)
	v := libquickjs.XJS_Eval(e.tls, e.ctx, text, libquickjs.Size_t(len(source)), fileName(), libquickjs.MJS_EVAL_TYPE_GLOBAL)
	if tagOf(v) == libquickjs.EJS_TAG_EXCEPTION {
		return e.thrown()
	}
	if result != nil {
		*result = v
		return nil
	}
	e.free(v)
	return nil
}

// call calls the function for a candidate. A fault says why it did not return true or false.
func (e *engine) call(c audit.Candidate) (passed bool, fault *Fault) {
	e.candidate = c
	e.heap.full = false
	e.pollAfter(firstPoll)
	*(*value)(at(e.args)) = e.event
	v := libquickjs.XJS_Call(e.tls, e.ctx, e.filter, undefined, 1, e.args)
	switch tagOf(v) {
	case libquickjs.EJS_TAG_BOOL:
		passed = isTrue(v)
	case libquickjs.EJS_TAG_EXCEPTION:
		fault = e.thrown()
	default:
		fault = e.badAnswer(v)
		e.free(v)
	}
	e.candidate = audit.Candidate{}
	if fault == nil {
		fault = e.pending()
	}
	if !e.renew() && fault == nil {
		return false, e.thrown()
	}
	return passed && fault == nil, fault
}

// exhausted reports whether the last call needed more memory than the limit.
func (e *engine) exhausted() bool { return e.heap.full }

// textOf copies a text into memory that C can read, ends the copy with a 0, and returns its
// address. The next call overwrites the copy. The result is 0 if there is no memory.
func (e *engine) textOf(s string) uintptr {
	if len(s) >= e.textSize {
		e.heap.free(e.text)
		e.textSize = max(4096, 2*len(s)+1)
		if e.text = e.heap.malloc(e.textSize); e.text == 0 {
			e.textSize = 0
			return 0
		}
	}
	room := unsafe.Slice((*byte)(at(e.text)), len(s)+1)
	copy(room, s)
	room[len(s)] = 0
	return e.text
}

// newText returns a new JavaScript string.
func (e *engine) newText(s string) value {
	text := e.textOf(s)
	if text == 0 {
		return libquickjs.XJS_ThrowOutOfMemory(e.tls, e.ctx)
	}
	return libquickjs.XJS_NewStringLen(e.tls, e.ctx, text, libquickjs.Size_t(len(s)))
}

func (e *engine) free(v value) { libquickjs.XFreeValue(e.tls, e.ctx, v) }

// constant returns a C string that is never freed.
func constant(s string) uintptr {
	p, _ := libc.CString(s)
	return p
}

// fileName returns scriptFile as a C string.
var fileName = sync.OnceValue(func() uintptr { return constant(scriptFile) })
