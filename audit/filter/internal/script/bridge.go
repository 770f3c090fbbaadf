package script

import (
	"sync"
	"unsafe"

	"modernc.org/libc"
	"modernc.org/libquickjs"
)

// An event in a script is one object for all calls. It reads the candidate of the current call
// when the script reads a property. If a script keeps the event or its context beyond the call,
// the next call gets a new object. The kept object throws an error when the script reads it.
// Scripts can change neither the event nor its context.

// eventNames are the properties that an event reads from its candidate, apart from the context.
var eventNames = [...]string{"app", "message", "traceId", "timestamp"}

const (
	eventApp = iota
	eventMessage
	eventTraceID
	eventTimestamp
)

// methodNames are the functions of a context. If the context has a key of the same name, the
// function hides the key from Object.keys and from a spread. The functions get() and keys() still
// find the key.
var methodNames = [...]string{"get", "has", "keys"}

// bridge is what all engines share: the IDs of the two classes, and the addresses of the names of
// properties, as C strings.
type bridge struct {
	event, context libquickjs.TJSClassID
	names          map[string]uintptr
}

var eventMethods = libquickjs.TJSClassExoticMethods{
	Fget_property:           address(eventProperty),
	Fget_own_property:       address(eventOwnProperty),
	Fget_own_property_names: address(eventPropertyNames),
}

var contextMethods = libquickjs.TJSClassExoticMethods{
	Fget_property:           address(contextProperty),
	Fget_own_property:       address(contextOwnProperty),
	Fget_own_property_names: address(contextPropertyNames),
}

var eventClass, contextClass libquickjs.TJSClassDef

var theBridge = sync.OnceValue(func() *bridge {
	b := &bridge{names: map[string]uintptr{}}
	tls := libc.NewTLS()
	defer tls.Close()
	id := libc.Xcalloc(tls, 2, libquickjs.Size_t(unsafe.Sizeof(b.event)))
	b.event = libquickjs.XJS_NewClassID(tls, id)
	b.context = libquickjs.XJS_NewClassID(tls, id+unsafe.Sizeof(b.event))
	libc.Xfree(tls, id)
	for _, name := range append(append([]string{"context", "stack", "message", "name"}, eventNames[:]...), methodNames[:]...) {
		b.names[name] = constant(name)
	}
	eventClass = libquickjs.TJSClassDef{Fclass_name: constant("Event"), Fexotic: uintptr(unsafe.Pointer(&eventMethods))}
	contextClass = libquickjs.TJSClassDef{Fclass_name: constant("Context"), Fexotic: uintptr(unsafe.Pointer(&contextMethods))}
	return b
})

func (e *engine) openBridge() bool {
	b := theBridge()
	if libquickjs.XJS_NewClass(e.tls, e.rt, b.event, uintptr(unsafe.Pointer(&eventClass))) != 0 ||
		libquickjs.XJS_NewClass(e.tls, e.rt, b.context, uintptr(unsafe.Pointer(&contextClass))) != 0 {
		return false
	}
	functions := [...]uintptr{address(contextGet), address(contextHas), address(contextKeys)}
	for i, name := range methodNames {
		e.methods[i] = libquickjs.XJS_NewCFunction2(e.tls, e.ctx, functions[i], b.names[name], 1, libquickjs.EJS_CFUNC_generic, 0)
		if tagOf(e.methods[i]) != libquickjs.EJS_TAG_OBJECT {
			return false
		}
	}
	for i, name := range eventNames {
		e.atoms[i] = libquickjs.XJS_NewAtom(e.tls, e.ctx, b.names[name])
	}
	return e.newEvent()
}

// newEvent makes the event object for the calls that follow.
func (e *engine) newEvent() bool {
	b := theBridge()
	e.context = libquickjs.XJS_NewObjectProtoClass(e.tls, e.ctx, null, b.context)
	if tagOf(e.context) != libquickjs.EJS_TAG_OBJECT {
		return false
	}
	for i, name := range methodNames {
		if !e.define(e.context, name, e.dup(e.methods[i])) {
			return false
		}
	}
	e.event = libquickjs.XJS_NewObjectProtoClass(e.tls, e.ctx, null, b.event)
	return tagOf(e.event) == libquickjs.EJS_TAG_OBJECT &&
		e.define(e.event, "context", e.dup(e.context)) &&
		libquickjs.XJS_PreventExtensions(e.tls, e.ctx, e.context) >= 0 &&
		libquickjs.XJS_PreventExtensions(e.tls, e.ctx, e.event) >= 0
}

// define sets a property that scripts cannot change. From then on, the property owns the value.
func (e *engine) define(object value, name string, v value) bool {
	flags := int32(0)
	if name == "context" {
		flags = libquickjs.MJS_PROP_ENUMERABLE
	}
	return libquickjs.XJS_DefinePropertyValueStr(e.tls, e.ctx, object, theBridge().names[name], v, flags) >= 0
}

func (e *engine) dup(v value) value { return libquickjs.XDupValue(e.tls, e.ctx, v) }

// renew makes a new event if the script has kept the old one.
func (e *engine) renew() bool {
	if references(e.event) == 1 && references(e.context) == 2 {
		return true
	}
	e.free(e.event)
	e.free(e.context)
	e.event, e.context = undefined, undefined
	return e.newEvent()
}

// references returns the number of references to an object, or 0 if v is not an object. The engine
// stores the number in the four bytes in front of the object.
func references(v value) int32 {
	if tagOf(v) != libquickjs.EJS_TAG_OBJECT {
		return 0
	}
	return *(*int32)(at(pointer(v) - 4))
}

// current reports whether object is the same as held, which is the event or the context of the
// current call. If object is another one, current throws an exception in the script.
func (e *engine) current(object, held value) bool {
	if tagOf(object) == libquickjs.EJS_TAG_OBJECT && pointer(object) == pointer(held) {
		return true
	}
	_ = libquickjs.XJS_ThrowTypeError(e.tls, e.ctx, staleEvent(), 0)
	return false
}

var staleEvent = sync.OnceValue(func() uintptr {
	return constant("an event can be read only in the call that it was given to: keep its values, and not the event")
})

// eventValue returns a property of the event. The result ok is false if the event has no property
// of that name.
func (e *engine) eventValue(atom libquickjs.TJSAtom) (v value, ok bool) {
	switch atom {
	case e.atoms[eventApp]:
		return e.newText(e.candidate.App()), true
	case e.atoms[eventMessage]:
		return e.newText(e.candidate.Message()), true
	case e.atoms[eventTraceID]:
		return e.newText(e.candidate.TraceID()), true
	case e.atoms[eventTimestamp]:
		return number(float64(e.candidate.Time().UnixMilli())), true
	}
	return undefined, false
}

func eventProperty(_ *libc.TLS, ctx uintptr, object value, atom libquickjs.TJSAtom, _ value) value {
	e := engineOf(ctx)
	if !e.current(object, e.event) {
		return exception
	}
	v, _ := e.eventValue(atom)
	return v
}

func eventOwnProperty(_ *libc.TLS, ctx, descriptor uintptr, object value, atom libquickjs.TJSAtom) int32 {
	e := engineOf(ctx)
	if !e.current(object, e.event) {
		return -1
	}
	v, ok := e.eventValue(atom)
	return e.describe(descriptor, v, ok)
}

func eventPropertyNames(_ *libc.TLS, ctx, table, count uintptr, object value) int32 {
	e := engineOf(ctx)
	if !e.current(object, e.event) {
		return -1
	}
	return e.listNames(table, count, eventNames[:])
}

// contextValue returns the value of a key of the context. The key is an atom.
func (e *engine) contextValue(atom libquickjs.TJSAtom) (v value, ok bool) {
	key := libquickjs.XJS_AtomToValue(e.tls, e.ctx, atom)
	defer e.free(key)
	if tagOf(key) == libquickjs.EJS_TAG_SYMBOL {
		return undefined, false
	}
	if tagOf(key) == libquickjs.EJS_TAG_EXCEPTION {
		return exception, false
	}
	return e.lookUp(key)
}

// lookUp returns the value of a key of the context. If the key cannot be converted to a string,
// the value is an exception.
func (e *engine) lookUp(key value) (v value, ok bool) {
	p := libquickjs.XJS_ToCStringLen2(e.tls, e.ctx, uintptr(unsafe.Pointer(&e.length)), key, 0)
	if p == 0 {
		return exception, false
	}
	s, ok := e.candidate.Value(unsafe.String((*byte)(at(p)), int(e.length)))
	libquickjs.XJS_FreeCString(e.tls, e.ctx, p)
	if !ok {
		return undefined, false
	}
	v = e.newText(s)
	return v, tagOf(v) != libquickjs.EJS_TAG_EXCEPTION
}

func contextProperty(_ *libc.TLS, ctx uintptr, object value, atom libquickjs.TJSAtom, _ value) value {
	e := engineOf(ctx)
	if !e.current(object, e.context) {
		return exception
	}
	v, _ := e.contextValue(atom)
	return v
}

func contextOwnProperty(_ *libc.TLS, ctx, descriptor uintptr, object value, atom libquickjs.TJSAtom) int32 {
	e := engineOf(ctx)
	if !e.current(object, e.context) {
		return -1
	}
	v, ok := e.contextValue(atom)
	return e.describe(descriptor, v, ok)
}

func contextPropertyNames(_ *libc.TLS, ctx, table, count uintptr, object value) int32 {
	e := engineOf(ctx)
	if !e.current(object, e.context) {
		return -1
	}
	return e.listNames(table, count, e.keys())
}

// describe fills in a property descriptor, which then owns the value. If descriptor is 0, describe
// frees the value. The engine expects the result 1 if there is such a property, 0 if there is
// none, and -1 after an exception.
func (e *engine) describe(descriptor uintptr, v value, ok bool) int32 {
	if tagOf(v) == libquickjs.EJS_TAG_EXCEPTION {
		return -1
	}
	if !ok {
		return 0
	}
	if descriptor == 0 {
		e.free(v)
		return 1
	}
	*(*libquickjs.TJSPropertyDescriptor)(at(descriptor)) = libquickjs.TJSPropertyDescriptor{
		Fflags: libquickjs.MJS_PROP_ENUMERABLE | libquickjs.MJS_PROP_CONFIGURABLE, Fvalue: v, Fgetter: undefined, Fsetter: undefined,
	}
	return 1
}

// listNames makes a table of names. It writes the table's address to *table, and the number of
// names to *count. The engine frees the table.
func (e *engine) listNames(table, count uintptr, names []string) int32 {
	*(*uintptr)(at(table)) = 0
	*(*uint32)(at(count)) = 0
	if len(names) == 0 {
		return 0
	}
	const size = unsafe.Sizeof(libquickjs.TJSPropertyEnum{})
	p := libquickjs.Xjs_malloc(e.tls, e.ctx, libquickjs.Size_t(size)*libquickjs.Size_t(len(names)))
	if p == 0 {
		return -1
	}
	list := unsafe.Slice((*libquickjs.TJSPropertyEnum)(at(p)), len(names))
	for i, name := range names {
		text := e.textOf(name)
		if text != 0 {
			list[i].Fatom = libquickjs.XJS_NewAtomLen(e.tls, e.ctx, text, libquickjs.Size_t(len(name)))
		}
		if text == 0 || list[i].Fatom == 0 {
			libquickjs.XJS_FreePropertyEnum(e.tls, e.ctx, p, uint32(i))
			_ = libquickjs.XJS_ThrowOutOfMemory(e.tls, e.ctx)
			return -1
		}
		list[i].Fis_enumerable = 1
	}
	*(*uintptr)(at(table)) = p
	*(*uint32)(at(count)) = uint32(len(names))
	return 0
}

// keys returns the context's keys, each once, in the order in which they were logged.
func (e *engine) keys() []string {
	var keys []string
	seen := map[string]bool{}
	for key := range e.candidate.Context() {
		if !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys
}

// argument returns the first argument of a function of the context, which is the key.
func argument(count int32, args uintptr) value {
	if count == 0 {
		return undefined
	}
	return *(*value)(at(args))
}

func contextGet(_ *libc.TLS, ctx uintptr, this value, count int32, args uintptr) value {
	e := engineOf(ctx)
	if !e.current(this, e.context) {
		return exception
	}
	v, ok := e.lookUp(argument(count, args))
	if !ok && tagOf(v) != libquickjs.EJS_TAG_EXCEPTION {
		return null
	}
	return v
}

func contextHas(_ *libc.TLS, ctx uintptr, this value, count int32, args uintptr) value {
	e := engineOf(ctx)
	if !e.current(this, e.context) {
		return exception
	}
	v, ok := e.lookUp(argument(count, args))
	if tagOf(v) == libquickjs.EJS_TAG_EXCEPTION {
		return v
	}
	e.free(v)
	if ok {
		return immediate(libquickjs.EJS_TAG_BOOL, 1)
	}
	return immediate(libquickjs.EJS_TAG_BOOL, 0)
}

func contextKeys(_ *libc.TLS, ctx uintptr, this value, _ int32, _ uintptr) value {
	e := engineOf(ctx)
	if !e.current(this, e.context) {
		return exception
	}
	list := libquickjs.XJS_NewArray(e.tls, e.ctx)
	if tagOf(list) == libquickjs.EJS_TAG_EXCEPTION {
		return list
	}
	for i, key := range e.keys() {
		v := e.newText(key)
		if tagOf(v) == libquickjs.EJS_TAG_EXCEPTION ||
			libquickjs.XJS_DefinePropertyValueUint32(e.tls, e.ctx, list, uint32(i), v, libquickjs.MJS_PROP_C_W_E) < 0 {
			e.free(list)
			return exception
		}
	}
	return list
}
