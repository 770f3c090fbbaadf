package whole

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Module is what the records of all packages of a module tell together.
type Module struct {
	functions map[string]*Function
	callers   map[string][]caller
	types     []Type
	methods   map[string][]string // the methods of an interface
	files     map[string][]*Function
	covered   map[string]bool
	every     map[string]bool

	// Implicit is where httpmw's Config.Implicit is set; "": nowhere.
	Implicit string
}

type caller struct {
	id   string
	call *Call
}

// Join joins the records of a module.
func Join(records []Record) *Module {
	m := &Module{
		functions: make(map[string]*Function), callers: make(map[string][]caller),
		methods: make(map[string][]string), files: make(map[string][]*Function),
	}
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
	}
	for id, f := range m.functions {
		for i := range f.Calls {
			call := &f.Calls[i]
			for _, to := range m.targets(call) {
				m.callers[to] = append(m.callers[to], caller{id, call})
			}
		}
	}
	for _, by := range m.callers { // so that each run finds the same
		slices.SortFunc(by, func(a, b caller) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.call.At, b.call.At)) })
	}
	m.findCovered()
	return m
}

// targets is the functions that call may call.
func (m *Module) targets(call *Call) []string {
	if call.Interface == "" {
		return []string{call.To}
	}
	var targets []string
	for _, t := range m.types {
		implements := true
		for _, method := range m.methods[call.Interface] {
			_, ok := t.Methods[method]
			implements = implements && ok
		}
		if implements {
			targets = append(targets, t.Methods[call.To])
		}
	}
	return targets
}

// reach is the functions that are reached from those in from, on their goroutine and at once. It goes
// into no function that a server calls, but from.
func (m *Module) reach(from []string) map[string]bool {
	reached := make(map[string]bool)
	for len(from) > 0 {
		id := from[len(from)-1]
		from = from[:len(from)-1]
		f := m.functions[id]
		if f == nil || reached[id] {
			continue
		}
		reached[id] = true
		for i := range f.Calls {
			if call := &f.Calls[i]; !call.Elsewhere {
				for _, to := range m.targets(call) {
					if g := m.functions[to]; g != nil && !g.Request {
						from = append(from, to)
					}
				}
			}
		}
	}
	return reached
}

// findCovered finds what runs on the goroutine of a request, and nowhere else.
func (m *Module) findCovered() {
	var requests, every, elsewhere []string
	for id, f := range m.functions {
		if f.Request {
			requests = append(requests, id)
		}
		if f.Every {
			every = append(every, id)
		}
		for i := range f.Calls {
			if call := &f.Calls[i]; call.Elsewhere {
				for _, to := range m.targets(call) {
					if g := m.functions[to]; g != nil && !g.Request {
						elsewhere = append(elsewhere, to)
					}
				}
			}
		}
	}
	m.covered, m.every = m.reach(requests), m.reach(every)
	for id := range m.reach(elsewhere) {
		delete(m.covered, id)
	}
}

// Covered tells whether what stands at posn runs on the goroutine of a request, and nowhere else.
func (m *Module) Covered(posn string) bool {
	f := m.at(posn)
	return f != nil && m.covered[f.ID]
}

// at is the function around posn, the innermost.
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

// Position takes file:line:column apart.
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

// depth is how many functions without a context a chain may have.
const depth = 3

// A Report is what package ctxless would report if it knew who implements an interface.
type Report struct{ At, Package, Message string }

// Interfaces is the calls where a context is at hand that lose it by way of an interface with one
// implementation. Each function is reported once for a package.
func (m *Module) Interfaces(records []Record) (reports []Report) {
	chains := make(map[string][]string) // those that go through an interface
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
	for _, r := range records {
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
					method, _, _ := strings.Cut(call.To, "(")
					called = call.Interface[strings.LastIndexByte(call.Interface, '.')+1:] + "." + method[strings.LastIndexByte(method, '.')+1:]
				}
				reports = append(reports, Report{call.At, r.Package, called + " takes no context, and loses the one at hand (" + strings.Join(names, " → ") + "): give it one"})
			}
		}
	}
	return reports
}

// chain is how call comes to log or send, from the function that it calls on; nil, if it does not, or
// if it cannot be told what that is.
func (m *Module) chain(call *Call, chains map[string][]string) []string {
	if call.Elsewhere {
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
	if call.Interface == "" {
		names = chains[f.ID]
	} else if names == nil {
		names = chains[f.ID]
	}
	if names == nil {
		return nil
	}
	return append([]string{f.Name}, names...)
}

// A Place loses the trace often.
type Place struct {
	At, Name string
	Every    bool // in each request
	Paths    int  // how many call paths lead there from what a server calls
}

// Places is where to start: at most n places, those first that every request comes by, then those to
// which the most call paths lead. If implicit is true, only paths count that leave the goroutine of
// the request.
func (m *Module) Places(n int, implicit bool) []Place {
	p := paths{m, make(map[string]int), make(map[string]int)}
	var places []Place
	for _, id := range slices.Sorted(maps.Keys(m.functions)) { // so that circles are cut where they were
		lead, every := p.all(id), m.every[id]
		if implicit {
			lead, every = p.away(id), every && !m.covered[id]
		}
		for _, l := range m.functions[id].Losses {
			if lead > 0 {
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

// paths counts the call paths that lead from what a server calls to a function. Those that go in
// circles do not count.
type paths struct {
	*Module
	known, gone map[string]int
}

const many = 1_000_000

func (p *paths) all(id string) int {
	if n, ok := p.known[id]; ok {
		return n
	}
	p.known[id] = 0
	n := 0
	for _, by := range p.callers[id] {
		n = min(many, n+p.all(by.id))
	}
	if n == 0 && p.functions[id].Request {
		n = 1
	}
	p.known[id] = n
	return n
}

// away counts those that leave the goroutine of the request.
func (p *paths) away(id string) int {
	if n, ok := p.gone[id]; ok {
		return n
	}
	p.gone[id] = 0
	n := 0
	for _, by := range p.callers[id] {
		if by.call.Elsewhere {
			n += p.all(by.id)
		} else {
			n += p.away(by.id)
		}
		n = min(many, n)
	}
	p.gone[id] = n
	return n
}
