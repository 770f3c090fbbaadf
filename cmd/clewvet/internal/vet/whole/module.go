package whole

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"

	"example.com/clew/cmd/clewvet/internal/vet/at"
)

// A Module joins the records of all packages of a module. It answers the questions that need all
// of them.
type Module struct {
	functions map[string]*Function
	types     []Type
	methods   map[string][]string // the methods of each interface
	implement map[string][]Type   // the types that implement each interface
	files     map[string][]*Function
	records   []Record
	covered   map[string]bool
	every     map[string]bool
	startup   map[string]bool

	// Implicit is the place where the program sets Implicit in httpmw's Config. It is "" if there
	// is no such place. It is also "" if handlers may run on goroutines on which httpmw does not
	// run, because then nothing is certain to be covered.
	Implicit string
}

// Join returns the Module of the packages in records.
func Join(records []Record) *Module {
	m := &Module{
		functions: make(map[string]*Function),
		methods:   make(map[string][]string), implement: make(map[string][]Type),
		files: make(map[string][]*Function), records: records,
	}
	timeout := false
	for _, r := range records {
		for i := range r.Functions {
			f := &r.Functions[i]
			m.functions[f.ID] = f
			file, _, _ := Position(f.From)
			m.files[file] = append(m.files[file], f)
		}
		m.types = append(m.types, r.Types...)
		maps.Copy(m.methods, r.Interfaces)
		m.Implicit = cmp.Or(m.Implicit, r.Implicit)
		timeout = timeout || r.Timeout
	}
	if timeout {
		m.Implicit = ""
	}
	for i := range m.methods {
		m.implement[i] = m.implementing(i)
	}
	for _, f := range m.functions {
		for i := range f.Calls {
			call := &f.Calls[i]
			if to := m.functions[call.Via]; to != nil && slices.Contains(to.Runs, call.Arg) {
				call.Elsewhere = false
			}
		}
	}
	m.findCovered()
	m.findStartup()
	return m
}

// Unrecorded returns the imported packages that have no record, although their paths look like
// paths of the module.
func Unrecorded(records []Record) (paths []string) {
	known := make(map[string]bool)
	for _, r := range records {
		known[r.Package] = true
	}
	for _, r := range records {
		for _, path := range r.Imports {
			if !known[path] {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// targets returns the IDs of the functions that call may call.
func (m *Module) targets(call *Call) []string {
	if call.Interface == "" {
		return []string{call.To}
	}
	var targets []string
	for _, t := range m.implement[call.Interface] {
		if f, ok := t.method(call.To); ok {
			targets = append(targets, f)
		}
	}
	return targets
}

// implementing returns the types that have all methods of the interface id.
func (m *Module) implementing(id string) (types []Type) {
	for _, t := range m.types {
		implements := true
		for _, method := range m.methods[id] {
			_, ok := t.method(method)
			implements = implements && ok
		}
		if implements {
			types = append(types, t)
		}
	}
	return types
}

// method returns the ID of the function that implements this method of an interface for t. If t or
// the interface is generic, method compares names without signatures.
func (t Type) method(method string) (string, bool) {
	if f, ok := t.Methods[method]; ok {
		return f, true
	}
	name, _, plain := strings.Cut(method, "(")
	if plain {
		f, ok := t.Methods[name]
		return f, ok
	}
	for other, f := range t.Methods {
		if strings.HasPrefix(other, name+"(") {
			return f, true
		}
	}
	return "", false
}

// reach returns the functions in the slice from, and those that they call, directly or indirectly,
// on the same goroutine before they return. It follows no call to a handler that a server calls.
// It follows calls through interfaces of other modules only if foreign is true.
func (m *Module) reach(from []string, foreign bool) map[string]bool {
	return m.walk(from, func(call *Call, to *Function) bool {
		return !call.Elsewhere && (foreign || !call.Foreign) && !to.Request
	})
}

// walk returns the functions in the slice from, and those that they reach by calls for which
// follow returns true.
func (m *Module) walk(from []string, follow func(call *Call, to *Function) bool) map[string]bool {
	reached := make(map[string]bool)
	for next := slices.Clone(from); len(next) > 0; {
		id := next[len(next)-1]
		next = next[:len(next)-1]
		f := m.functions[id]
		if f == nil || reached[id] {
			continue
		}
		reached[id] = true
		for i := range f.Calls {
			for _, to := range m.targets(&f.Calls[i]) {
				if g := m.functions[to]; g != nil && follow(&f.Calls[i], g) {
					next = append(next, to)
				}
			}
		}
	}
	return reached
}

// findCovered finds the functions that run only on the goroutines of requests.
func (m *Module) findCovered() {
	var requests, every, elsewhere []string
	without := m.without()
	for id, f := range m.functions {
		if f.Request && !without[id] {
			requests = append(requests, id)
		}
		if f.Every {
			every = append(every, id)
		}
		for i := range f.Calls {
			if call := &f.Calls[i]; call.Elsewhere {
				for _, to := range m.targets(call) {
					// A handler that is passed as a value most likely goes to a server.
					if g := m.functions[to]; g != nil && (call.Go || !g.Request) {
						elsewhere = append(elsewhere, to)
					}
				}
			}
		}
	}
	m.covered, m.every = m.reach(requests, false), m.reach(every, false)
	for id := range m.functions { // main, a queue's handler, functions that other modules call
		if !m.covered[id] {
			elsewhere = append(elsewhere, id)
		}
	}
	for id := range m.reach(elsewhere, true) {
		delete(m.covered, id)
	}
}

// The method without returns the functions of packages that only programs without Implicit import.
// It returns none if no program sets Implicit.
func (m *Module) without() map[string]bool {
	records := make(map[string]Record)
	for _, r := range m.records {
		records[r.Package] = r
	}
	with, outside := make(map[string]bool), make(map[string]bool)
	for _, program := range m.records {
		if !program.Main {
			continue
		}
		seen, sets := make(map[string]bool), false
		for next := []string{program.Package}; len(next) > 0; {
			path := next[len(next)-1]
			next = next[:len(next)-1]
			if !seen[path] {
				seen[path] = true
				sets = sets || records[path].Implicit != ""
				next = append(next, records[path].Imports...)
			}
		}
		if sets {
			maps.Copy(with, seen)
		} else {
			maps.Copy(outside, seen)
		}
	}
	without := make(map[string]bool)
	for _, r := range m.records {
		for _, f := range r.Functions {
			without[f.ID] = len(with) > 0 && outside[r.Package] && !with[r.Package]
		}
	}
	return without
}

// findStartup finds the functions that run only in main, commands, init and the initialization of
// package variables, on any goroutine. Their context is the program's own, and has no trace.
func (m *Module) findStartup() {
	var begin, others []string
	called := make(map[string]bool)
	for id, f := range m.functions {
		for i := range f.Calls {
			call := &f.Calls[i]
			for _, to := range m.targets(call) {
				g := m.functions[to]
				switch {
				case g == nil || to == id:
				// The function is passed as a value, so a request may call it.
				case call.Elsewhere && !call.Go && (!strings.Contains(to, "$") || g.Takes) && !g.Start && !constructs(g):
					others = append(others, to)
				default:
					called[to] = true
				}
			}
		}
	}
	for id, f := range m.functions {
		switch {
		case f.Start:
			begin = append(begin, id)
		case f.Request || f.Traces || !called[id]:
			others = append(others, id)
		}
	}
	// Startup code may start goroutines, but does not serve requests. So this walk follows all
	// calls.
	m.startup = m.walk(begin, func(*Call, *Function) bool { return true })
	for id := range m.walk(others, func(_ *Call, to *Function) bool { return !to.Start }) {
		delete(m.startup, id)
	}
}

// constructs reports whether f is a constructor by its name. A literal is never a constructor,
// because its name is that of the function around it.
func constructs(f *Function) bool {
	return !strings.Contains(f.ID, "$") && at.IsConstructor(f.Name[strings.LastIndexByte(f.Name, '.')+1:])
}

// Startup reports whether the code at posn runs only in main, commands and similar code, and in no
// request.
func (m *Module) Startup(posn string) bool {
	f := m.at(posn)
	return f != nil && m.startup[f.ID]
}

// Covered reports whether the code at posn runs only on the goroutines of requests.
func (m *Module) Covered(posn string) bool {
	f := m.at(posn)
	return f != nil && m.covered[f.ID]
}

// Again looks at the function whose call at posn is reported. It returns another place in the same
// package that calls this function with a context at hand and is not covered, or "" if there is
// none.
func (m *Module) Again(posn string) string {
	f := m.at(posn)
	if f == nil {
		return ""
	}
	i := slices.IndexFunc(f.Calls, func(call Call) bool { return call.At == posn })
	if i < 0 {
		return ""
	}
	for _, r := range m.records {
		if !slices.ContainsFunc(r.Functions, func(g Function) bool { return g.ID == f.ID }) {
			continue
		}
		for _, g := range r.Functions {
			for _, call := range g.Calls {
				if call.Hand && call.To == f.Calls[i].To && call.Interface == f.Calls[i].Interface && !m.covered[g.ID] {
					return call.At
				}
			}
		}
	}
	return ""
}

// The method at returns the innermost function around posn.
func (m *Module) at(posn string) (found *Function) {
	file, line, column := Position(posn)
	inside := func(f *Function) bool {
		_, l1, c1 := Position(f.From)
		_, l2, c2 := Position(f.To)
		return (line > l1 || line == l1 && column >= c1) && (line < l2 || line == l2 && column < c2)
	}
	for _, f := range m.files[file] {
		if inside(f) && (found == nil || len(f.ID) > len(found.ID)) {
			found = f
		}
	}
	return found
}

// Position splits file:line:column.
func Position(posn string) (file string, line, column int) {
	rest := posn
	for _, n := range []*int{&column, &line} {
		if c := strings.LastIndexByte(rest, ':'); c >= 0 {
			*n, _ = strconv.Atoi(rest[c+1:])
			rest = rest[:c]
		}
	}
	return rest, line, column
}

// depth is the largest number of functions without a context in a chain.
const depth = 3

// A Report is a report of the analyzer ctxless on a call through an interface.
type Report struct{ At, Package, Message string }

// Interfaces reports the calls that lose the context at hand because they go through an interface
// with one implementation. Each function is reported once for a package.
func (m *Module) Interfaces() (reports []Report) {
	chains := m.interfaceChains()
	for _, r := range m.records {
		seen := make(map[string]bool)
		for _, f := range r.Functions {
			for i := range f.Calls {
				call := &f.Calls[i]
				if !call.Hand || seen[call.To] {
					continue
				}
				names := m.chain(call, chains)
				if names == nil || call.Interface == "" && m.functions[call.To].Chain != nil {
					continue
				}
				seen[call.To] = true
				called := names[0]
				if call.Interface != "" {
					called = call.methodName()
				}
				reports = append(reports, Report{call.At, r.Package, called + " takes no context, and loses the one at hand (" + strings.Join(names, " → ") + "): give it one"})
			}
		}
	}
	return reports
}

// interfaceChains returns the chains of the functions without a context that log or send only
// through an interface. The keys are the IDs of the functions.
func (m *Module) interfaceChains() map[string][]string {
	chains := make(map[string][]string)
	for range depth - 1 {
		longer := make(map[string][]string)
		for id, f := range m.functions {
			if f.Takes || f.Chain != nil || chains[id] != nil {
				continue
			}
			for i := range f.Calls {
				if names := m.chain(&f.Calls[i], chains); names != nil && len(names) <= depth {
					longer[id] = names
					break
				}
			}
		}
		maps.Copy(chains, longer)
	}
	return chains
}

// methodName returns "Interface.Method" for the method that c calls.
func (c *Call) methodName() string {
	method, _, _ := strings.Cut(c.To, "(")
	return c.Interface[strings.LastIndexByte(c.Interface, '.')+1:] + "." + method[strings.LastIndexByte(method, '.')+1:]
}

// chain returns the names of the functions on the way from call to a call that logs or sends. It
// returns nil if there is no such way, or if call may call several functions.
func (m *Module) chain(call *Call, chains map[string][]string) []string {
	if call.Elsewhere || call.Foreign {
		return nil
	}
	targets := m.targets(call)
	if len(targets) != 1 {
		return nil
	}
	f := m.functions[targets[0]]
	if f == nil || f.Takes {
		return nil
	}
	names := f.Chain
	if call.Interface == "" || names == nil {
		names = chains[f.ID]
	}
	if names == nil {
		return nil
	}
	return append([]string{f.Name}, names...)
}

// A Place is a call that logs or sends without the trace, and is reached often.
type Place struct {
	At, Name string
	Every    bool // every request passes it
	Paths    int  // the number of call paths from handlers to the place
}

// Places returns at most n places where a user best starts: first those that every request passes,
// then those with the most call paths. If implicit is true, only paths that leave the goroutine of
// the request count.
func (m *Module) Places(n int, implicit bool) []Place {
	all, away := m.paths()
	var places []Place
	for id, lead := range all {
		every := m.every[id]
		if implicit {
			lead, every = away[id], every && !m.covered[id]
		}
		for _, l := range m.functions[id].Losses {
			// Fatal and Panic end the program, so they log only once.
			if lead > 0 && !strings.Contains(l.Name, ".Fatal") && !strings.Contains(l.Name, ".Panic") {
				places = append(places, Place{l.At, l.Name, every, lead})
			}
		}
	}
	slices.SortFunc(places, func(a, b Place) int {
		if a.Every != b.Every {
			if a.Every {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.Paths, a.Paths), cmp.Compare(a.At, b.At))
	})
	return places[:min(n, len(places))]
}

const many = 1_000_000

// paths returns the number of call paths from handlers to each function. The result all counts all
// such paths, and away only those that leave the goroutine of the request. A call back to a
// function that is already on the path does not count. If several types implement an interface, a
// call through it adds at most one path for each type. Otherwise layers that call each other
// through interfaces would make millions of paths.
func (m *Module) paths() (all, away map[string]int) {
	type edge struct {
		to        string
		elsewhere bool
		unsure    bool // one of several implementations of an interface
	}
	const begun, done = 1, 2
	state := make(map[string]int)
	edges := make(map[string][]edge)
	var order []string // each function comes after the functions that it calls
	var visit func(id string)
	visit = func(id string) {
		state[id] = begun
		for i := range m.functions[id].Calls {
			call := &m.functions[id].Calls[i]
			if call.Foreign {
				continue
			}
			targets := m.targets(call)
			for _, to := range targets {
				if m.functions[to] == nil || state[to] == begun {
					continue
				}
				edges[id] = append(edges[id], edge{to, call.Elsewhere, len(targets) > 1})
				if state[to] == 0 {
					visit(to)
				}
			}
		}
		state[id] = done
		order = append(order, id)
	}
	// The IDs are sorted, so that each run cuts cycles at the same call.
	for _, id := range slices.Sorted(maps.Keys(m.functions)) {
		if m.functions[id].Request && state[id] == 0 {
			visit(id)
		}
	}
	all, away = make(map[string]int), make(map[string]int)
	for _, id := range slices.Backward(order) {
		if all[id] == 0 && m.functions[id].Request {
			all[id] = 1
		}
		for _, e := range edges[id] {
			lead, leave := all[id], away[id]
			if e.elsewhere {
				leave = lead
			}
			if e.unsure {
				lead, leave = min(lead, 1), min(leave, 1)
			}
			all[e.to] = min(many, all[e.to]+lead)
			away[e.to] = min(many, away[e.to]+leave)
		}
	}
	return all, away
}
